"""A small application as a scripted model writes it, and all that a run of the engine needs around it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings

from agents import languages
from agents.budget import Budget
from agents.context import CallRecord, RunContext, RunLimits, StageMeasures
from agents.errors import MemoryUnavailable
from agents.events import Event, ModelCalled
from agents.languages.base import PackageCache
from agents.memory.base import MemoryKind, Note, Recalled
from agents.providers.base import Reply, Request
from agents.providers.catalogue import ModelChoice, one_model
from agents.providers.scripted import ScriptedProvider
from agents.sandboxes import sandbox_named
from agents.sandboxes.base import Sandbox
from agents.state import RunState
from agents.types import Purpose, SourceFile, StageName
from agents.workspace import Workspace

PROMPT = "A command line tool that adds the numbers it is given"
FILES = {
    "adder.py": '''"""Adds numbers."""

import sys


def add(numbers: list[float]) -> float:
    """The sum of the numbers; 0 for none."""
    return sum(numbers)


if __name__ == "__main__":
    print(add([float(word) for word in sys.argv[1:]]))
''',
    "README.md": "# Adder\n\n    python adder.py 1 2\n",
    "requirements.txt": "pytest\n",
    "test_adder.py": '''from adder import add


def test_sum() -> None:
    """AC-1"""
    assert add([1, 2]) == 3


def test_nothing() -> None:
    """AC-2"""
    assert add([]) == 0
''',
}
BROKEN = FILES["adder.py"].replace("sum(numbers)", "sum(numbers[1:])")


def planned(path: str, kind: str, lines: int = 20, **more: Any) -> dict[str, Any]:
    """A file of the plan."""
    return {"path": path, "kind": kind, "purpose": "p", "interface": "i", "lines": lines, **more}


PLAN: dict[str, Any] = {
    "files": [
        planned("adder.py", "source"),
        planned("requirements.txt", "extra"),
        planned("README.md", "extra"),
        planned("test_adder.py", "test", depends_on=["adder.py"]),
    ],
    "commands": {
        "install": "pip install -r requirements.txt",
        "start": "python adder.py",
        "test": "python -m pytest",
        "examples": ["python adder.py 1 2"],
    },
}
REQUIREMENTS: dict[str, Any] = {
    "name": "Adder",
    "summary": "Adds numbers.",
    "project_type": "cli_tool",
    "language": "python",
    "features": ["add"],
    "criteria": [{"id": "AC-1", "text": "1 and 2 give 3."}, {"id": "AC-2", "text": "Nothing gives 0."}],
}


def fence(value: object) -> str:
    """JSON as a model gives it."""
    return f"```json\n{json.dumps(value)}\n```"


def file_blocks(request: Request, files: dict[str, str]) -> str:
    """Files in the reply format."""
    nonce = request.data["nonce"]
    return "\n".join(
        f"<<<FILE {nonce} {path} mode=644>>>\n{text.removesuffix(chr(10))}\n<<<END {nonce} {path}>>>"
        for path, text in files.items()
    )


def edit_block(request: Request, path: str, search: str, replace: str) -> str:
    """One edit in the reply format."""
    nonce = request.data["nonce"]
    head = f"<<<EDIT {nonce} {path}>>>\n<<<SEARCH {nonce}>>>\n{search}"
    return f"{head}\n<<<REPLACE {nonce}>>>\n{replace}\n<<<END {nonce} {path}>>>"


class Model:
    """Answers by purpose; ``overrides`` maps a purpose to a function or to answers given in turn."""

    def __init__(self, files: dict[str, str] | None = None, plan: dict[str, Any] | None = None) -> None:
        self.files = FILES | (files or {})
        self.plan = plan or PLAN
        self.turns: dict[Purpose, list[Callable[[Request], str | Reply]]] = {}
        self._lock = threading.Lock()

    def then(self, purpose: Purpose, *answers: Callable[[Request], str | Reply]) -> Model:
        """Answer a purpose with these, one after the other; after the last as always."""
        self.turns.setdefault(purpose, []).extend(answers)
        return self

    def __call__(self, request: Request) -> str | Reply:
        with self._lock:
            turns = self.turns.get(request.purpose)
            special = turns.pop(0) if turns else None
        return special(request) if special else self.usual(request)

    def usual(self, request: Request) -> str:
        """What a good model answers."""
        if request.purpose is Purpose.REQUIREMENTS:
            return fence({**REQUIREMENTS, "plan": self.plan})
        if request.purpose is Purpose.PLAN:
            return fence(self.plan)
        if request.purpose is Purpose.VALIDATION:
            return fence({"confidence": 0.9, "reason": "read", "criteria_met": {"AC-1": True, "AC-2": True}})
        if request.purpose is Purpose.REPAIR:
            return fence({"explanation": "nothing to do"})
        return file_blocks(request, {path: self.files[path] for path in json.loads(request.data["paths"])})


class Notebook:
    """A journal in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._ledger: dict[str, CallRecord] = {}
        self._lock = threading.Lock()
        self.kept: dict[str, Reply] = {}
        self.earlier: dict[str, Reply] = {}
        self.checkpoints: list[tuple[StageName, RunState, tuple[SourceFile, ...]]] = []
        self.failed: list[tuple[StageName, str]] = []
        self.stop = threading.Event()

    def record(self, event: Event) -> None:
        self.events.append(event)

    def record_call(self, call: CallRecord, event: ModelCalled | None = None) -> None:
        with self._lock:
            self._ledger.pop(call.id, None)
            self._ledger[call.id] = call
        if call.outcome == "answered":
            self.kept[call.step] = Reply(
                call.reply, call.finish, call.model, call.prompt_tokens, call.completion_tokens, call.cost_usd
            )
        if event is not None:
            self.record(event)

    def kept_reply(self, step: str) -> Reply | None:
        return self.earlier.get(step)

    def checkpoint(
        self, stage: StageName, state: RunState, files: tuple[SourceFile, ...], measures: StageMeasures
    ) -> None:
        self.checkpoints.append((stage, state, files))

    def checkpoint_failed(self, stage: StageName, error: str, measures: StageMeasures) -> None:
        self.failed.append((stage, error))

    def stop_requested(self) -> bool:
        return self.stop.is_set()

    @property
    def calls(self) -> list[CallRecord]:
        """The ledger, the call that was written last at the end."""
        return list(self._ledger.values())

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Purpose and outcome of each call."""
        return [(call.purpose.value, call.outcome) for call in self.calls]

    def told(self) -> str:
        """All lines of the log."""
        return "\n".join(event.text for event in self.events if hasattr(event, "text"))


class NoMemory:
    """The vector store is not there; what is learned is kept for the test."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def recall(self, query: str, *, kind: MemoryKind | None = None, limit: int = 4) -> list[Recalled]:
        raise MemoryUnavailable("The memory does not answer; the run goes on without it.")

    def learn(self, note: Note) -> None:
        self.notes.append(note)


def make_context(
    model: Callable[[Request], str | Reply],
    sandbox: Sandbox | None = None,
    choice: ModelChoice | None = None,
    limits: RunLimits | None = None,
) -> tuple[RunContext, ScriptedProvider, Notebook]:
    """A context whose model is scripted and counts as an AI."""
    provider, journal = ScriptedProvider(model, uses_ai=True), Notebook()
    context = RunContext(
        run="test-run",
        fence=1,
        providers={"scripted": provider},
        catalogue=one_model(choice or ModelChoice("scripted", "model", 128_000, 16_000)),
        sandbox=sandbox or sandbox_named("docker", "tests of the engine"),
        toolchains={"python": languages.TOOLCHAINS["python"]},
        memory=NoMemory(),
        workspace=Workspace(),
        budget=Budget(),
        journal=journal,
        package_cache=PackageCache(settings.PACKAGE_CACHE),
        uses_ai=True,
        limits=limits or RunLimits(),
    )
    return context, provider, journal
