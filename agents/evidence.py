"""What was seen: findings, commands, probes, tests, repairs, quality and the verdict from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from agents.plan import Value
from agents.types import Level

Step = Literal["install", "start", "test"]


class Finding(Value):
    """One thing a checker or the validator holds against a file. ``line`` counts from 1; 0 is the whole file."""

    path: str
    line: int = 0
    level: Level = Level.WARNING
    rule: str
    message: str


class CommandEvidence(Value):
    """A command that ran in the sandbox: what, how it ended, how long, and the end of its output."""

    step: Step
    command: str
    exit_code: int | None
    timed_out: bool = False
    seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    output: str = ""


class ProbeEvidence(Value):
    """The answer to one probe; ``status`` is None when nothing answered."""

    method: str
    path: str
    expect: int
    status: int | None
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer had the declared status."""
        return self.status == self.expect


class PageEvidence(Value):
    """A page as a browser showed it: the errors of its console, and a JPEG in base64. ``problem`` says why it was not
    looked at, '' when it was."""

    title: str = ""
    errors: tuple[str, ...] = ()
    screenshot: str = ""
    problem: str = ""


class TestFailure(Value):
    """One failing test and what its runner said."""

    __test__ = False
    name: str
    message: str


class TestCounts(Value):
    """Counts from the test runner's own report, never from its printed text."""

    __test__ = False
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    skipped: int = Field(ge=0)
    failures: tuple[TestFailure, ...] = ()


class Evidence(Value):
    """Everything one execution of one clean copy showed. ``tree`` is the hash of that copy."""

    tree: str
    sandbox: str
    commands: tuple[CommandEvidence, ...] = ()
    probes: tuple[ProbeEvidence, ...] = ()
    page: PageEvidence | None = None
    tests: TestCounts | None = None
    coverage: float | None = Field(default=None, ge=0, le=1)
    failed_step: Step | None = None
    failure: str = ""
    signature: str = ""


class RepairAttempt(Value):
    """One round of repair, as the ledger on the run page shows it."""

    number: int
    step: Step
    signature: str
    cause: str = ""
    """What was wrong: 'code', 'test', 'dependency' or 'plan'; '' where nobody could say."""
    files: tuple[str, ...] = ()
    explanation: str = ""
    suggestions: tuple[str, ...] = ()
    tokens: int | None = None
    passed_before: int | None = None
    passed_after: int | None = None
    kept: bool = False


class Removed(Value):
    """Something that the application offered before a change and does not offer now: a function, route or test."""

    kind: str
    name: str
    path: str


class Regression(Value):
    """What a change took away. ``counts`` are those of the earlier tests run on the new files; None if they ended
    without a report; ``same_tests`` when the earlier tests stand unchanged and so ran with all others."""

    removed: tuple[Removed, ...] = ()
    same_tests: bool = False
    counts: TestCounts | None = None

    @property
    def lost(self) -> bool:
        """Whether anything is gone or broken."""
        return bool(self.removed) or (self.counts is not None and self.counts.failed > 0)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files whose earlier version would bring back what is gone."""
        return tuple(sorted({one.path for one in self.removed}))


class Outcome(StrEnum):
    """How a run that reached its end is judged."""

    SUCCEEDED = "succeeded"
    UNVERIFIED = "unverified"
    FAILED = "failed"


class Verdict(Value):
    """The judgement and the sentence that says what it rests on."""

    outcome: Outcome
    reason: str


class Measure(Value):
    """One quality measure from 0 (bad) to 1 (good); None where it could not be known, and why."""

    value: float | None = Field(default=None, ge=0, le=1)
    detail: str = ""


class QualityReport(Value):
    """All measures by name, and the weighted mean over the known ones."""

    measures: dict[str, Measure] = Field(default_factory=dict)
    overall: float | None = Field(default=None, ge=0, le=1)
