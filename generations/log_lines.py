"""Events as lines of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generations.models import RunEvent


@dataclass(frozen=True, slots=True)
class LogLineView:
    """One line as the page shows it."""

    seq: int
    at: datetime
    level: str
    stage: str
    text: str


def line_of(event: RunEvent) -> LogLineView:
    """The line of an event; unknown kinds (of a newer version) show their name."""
    payload = event.payload
    text, level = _TEXTS.get(event.kind, lambda p: event.kind)(payload), event.level
    if event.kind == "command_run" and payload.get("exit_code") != 0:
        level = "warning"
    if event.kind == "stage_failed":
        level = "error"
    if event.kind == "model_called" and payload.get("outcome") not in ("ok", "reused"):
        level = "warning"
    return LogLineView(event.seq, event.at, level, event.stage, text)


def _ended(payload: dict[str, object]) -> str:
    return f"Ended: {payload['status']}. {payload.get('reason', '')}".strip()


def _command(payload: dict[str, object]) -> str:
    code = "killed at its time limit" if payload["exit_code"] is None else f"exit code {payload['exit_code']}"
    return f"$ {payload['command']}  →  {code}, {payload['seconds']:.1f} s"


def _called(payload: dict[str, object]) -> str:
    tokens = [payload.get("prompt_tokens"), payload.get("completion_tokens")]
    about = "about " if payload.get("estimated") else ""
    used = "tokens unknown" if None in tokens else f"{about}{tokens[0]} + {tokens[1]} tokens"
    if payload["outcome"] == "reused":
        used = "paid for before the run was interrupted"
    return f"{payload['role']} asked {payload['model']} for {payload['purpose']}: {payload['outcome']} ({used})"


def _memory(payload: dict[str, object]) -> str:
    titles = payload.get("titles")
    if isinstance(titles, list) and titles:
        return f"Recalled: {'; '.join(str(title) for title in titles)}"
    return str(payload.get("problem", ""))


_TEXTS = {
    "run_started": lambda p: (
        f"Claimed by a worker (attempt {p['attempt']})"
        + (f", going on after {p['resumed_from']}" if p.get("resumed_from") else "")
    ),
    "stage_started": lambda p: f"Stage {p['stage']} begins, led by the {p['role']}",
    "stage_finished": lambda p: f"Stage {p['stage']} finished in {p['seconds']:.1f} s",
    "stage_failed": lambda p: f"Stage {p['stage']} failed: {p['error']}",
    "activity": lambda p: p["text"],
    "log_line": lambda p: p["text"],
    "file_written": lambda p: f"{p['change']}: {p['path']} ({p['size']} bytes)",
    "model_called": _called,
    "command_run": _command,
    "tests_counted": lambda p: f"Tests: {p['passed']} passed, {p['failed']} failed, {p['skipped']} skipped",
    "repair_round": lambda p: (
        f"Repair {p['number']} of the {p['step']} step: "
        + ("kept. " if p["kept"] else "not kept. ")
        + str(p["explanation"])
    ),
    "memory_used": _memory,
    "run_ended": _ended,
}
