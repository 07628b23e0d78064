"""What an evaluation found: a row for each task, the totals, the table and the file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from generations.errors import OutputRefused
from generations.evaluation.checks import CheckResult
from generations.models import Run, RunEvent, RunStatus
from generations.results import RunResult

NOT_RUN = "not run"
HEADS = ("task", "verdict", "check", "calls", "tokens", "cost", "seconds", "repairs")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """One task. Unknown figures are None; ``verdict`` is the status of its run or 'not run'."""

    task: str
    run_id: str | None = None
    verdict: str = NOT_RUN
    reason: str = ""
    check: str = NOT_RUN
    check_exit_code: int | None = None
    check_output: str = ""
    calls: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None
    repair_rounds: int | None = None
    quality: float | None = None
    tests: dict[str, int | None] | None = None

    @property
    def good(self) -> bool:
        """Whether the run succeeded and its check held."""
        return self.verdict == RunStatus.SUCCEEDED and self.check == "held"

    @property
    def misjudged(self) -> bool:
        """Whether the run said 'succeeded' and the check says that it is not so."""
        return self.verdict == RunStatus.SUCCEEDED and self.check == "failed"

    @property
    def tokens(self) -> int | None:
        """Both directions together; None when either is unknown."""
        known = self.prompt_tokens is not None and self.completion_tokens is not None
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0) if known else None


def report_of(task: str, run: Run, result: RunResult, checked: CheckResult) -> TaskReport:
    """The row of a run that was executed and checked."""
    usage, duration = result.usage, run.duration
    return TaskReport(
        task=task,
        run_id=result.run_id,
        verdict=result.status,
        reason=result.reason,
        check=checked.verdict,
        check_exit_code=checked.exit_code,
        check_output=checked.output,
        calls=_whole(usage["calls"]),
        prompt_tokens=_whole(usage["prompt_tokens"]),
        completion_tokens=_whole(usage["completion_tokens"]),
        cost_usd=usage["cost_usd"],
        seconds=None if duration is None else round(duration.total_seconds(), 1),
        repair_rounds=RunEvent.objects.filter(run=run, kind="repair_round").count(),
        quality=result.quality_metrics["overall"],
        tests=result.test_results,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All rows in the order of their names."""

    provider: str
    suite: str
    started_at: str
    tasks: tuple[TaskReport, ...]

    @property
    def good(self) -> bool:
        """Whether every run succeeded and every check held."""
        return all(task.good for task in self.tasks)

    def totals(self) -> dict[str, float | int | None]:
        """The sums and medians over the tasks whose figures are known."""
        costs = [task.cost_usd for task in self.tasks if task.cost_usd is not None]
        return {
            "tasks": len(self.tasks),
            "succeeded": sum(task.verdict == RunStatus.SUCCEEDED for task in self.tasks),
            "held": sum(task.check == "held" for task in self.tasks),
            "succeeded_but_failed_check": sum(task.misjudged for task in self.tasks),
            "median_calls": _median([task.calls for task in self.tasks]),
            "median_tokens": _median([task.tokens for task in self.tasks]),
            "cost_usd": round(sum(costs), 6) if costs else None,
        }

    def write(self, path: Path) -> None:
        """Replace the file at once by this report. Raises OutputRefused."""
        document = json.dumps({**asdict(self), "totals": self.totals()}, ensure_ascii=False, indent=2)
        try:
            number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                stream.write(document + "\n")
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError as error:
            raise OutputRefused(f"The report cannot be written to {path}: {error.strerror}.") from error

    def table(self) -> str:
        """The rows in columns; '!!' marks a run that succeeded and whose check failed."""
        rows = [HEADS, *(_cells(task) for task in self.tasks)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, "", self.summary()])

    def summary(self) -> str:
        """The totals as one line."""
        totals, count = self.totals(), len(self.tasks)
        wrong = totals["succeeded_but_failed_check"]
        parts = [
            f"succeeded {totals['succeeded']} of {count}",
            f"checks held {totals['held']} of {count}",
            *([f"SUCCEEDED BUT CHECK FAILED {wrong}"] if wrong else []),
            f"median calls {_number(totals['median_calls'])}",
            f"median tokens {_number(totals['median_tokens'])}",
        ]
        return ", ".join(parts)


def _cells(task: TaskReport) -> tuple[str, ...]:
    return (
        task.task,
        task.verdict,
        f"FAILED !!{'' if task.check_exit_code is None else f' ({task.check_exit_code})'}"
        if task.misjudged
        else task.check,
        _number(task.calls),
        _number(task.tokens),
        "-" if task.cost_usd is None else f"{task.cost_usd:.4f}",
        _number(task.seconds),
        _number(task.repair_rounds),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Words to the left, figures to the right."""
    return [cell.ljust(w) if n < 3 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0")


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _median(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
