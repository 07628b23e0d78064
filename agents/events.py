"""Everything that can happen in a run, as small values. Stored as (kind, payload) rows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agents.plan import Value
from agents.types import Level


class Event(Value):
    """Base of all events; the class name in snake case is the stored kind."""


class RunStarted(Event):
    """A worker claimed the run. ``resumed_from`` is the last finished stage, '' at the first start."""

    attempt: int
    resumed_from: str = ""
    sandbox: str = ""


class StageStarted(Event):
    """A stage begins; ``role`` is who leads it."""

    stage: str
    role: str


class StageFinished(Event):
    """A stage ended well; its checkpoint is stored."""

    stage: str
    seconds: float
    tokens: int | None = None
    cost_usd: float | None = None


class StageFailed(Event):
    """A stage ended with an error, told in a sentence."""

    stage: str
    error: str


class Activity(Event):
    """What is being done right now, in the words shown on the page."""

    stage: str
    text: str


class LogLine(Event):
    """One line for the run's log."""

    stage: str
    level: Level = Level.INFO
    text: str


class FileWritten(Event):
    """A file was accepted into the workspace."""

    stage: str
    path: str
    size: int
    change: Literal["new", "changed", "removed"] = "new"


class ModelCalled(Event):
    """A model was asked and answered (or failed)."""

    stage: str
    role: str
    purpose: str
    provider: str
    model: str
    outcome: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0
    estimated: bool = False
    """Whether the tokens are our own estimate."""


class CommandRun(Event):
    """A command ended in the sandbox; ``output`` is its capped, cleaned end."""

    stage: str
    step: str
    command: str
    exit_code: int | None
    seconds: float
    output: str = ""


class TestsCounted(Event):
    """The test runner's own counts."""

    __test__ = False
    stage: str
    passed: int
    failed: int
    skipped: int


class RepairRound(Event):
    """A round of repair ended."""

    number: int
    step: str
    signature: str
    kept: bool
    explanation: str = ""


class MemoryUsed(Event):
    """Memory entries that were recalled, or why none could be."""

    stage: str
    titles: tuple[str, ...] = ()
    problem: str = ""


class RunEnded(Event):
    """The run reached its end (or was stopped, or waits; ``awaited`` is then for what)."""

    status: str
    reason: str = ""
    awaited: str = ""
    overall: float | None = Field(default=None, ge=0, le=1)


EVENTS: tuple[type[Event], ...] = (
    RunStarted, StageStarted, StageFinished, StageFailed, Activity, LogLine, FileWritten, ModelCalled,
    CommandRun, TestsCounted, RepairRound, MemoryUsed, RunEnded,
)  # fmt: skip


def kind_of(event: type[Event]) -> str:
    """The stored name of an event class: ``StageStarted`` is ``stage_started``."""
    name = event.__name__
    return name[0].lower() + "".join(f"_{c.lower()}" if c.isupper() else c for c in name[1:])


BY_KIND = {kind_of(event): event for event in EVENTS}
