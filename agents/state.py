"""All that one stage hands to the next. Stored as versioned JSON in every checkpoint."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError

from agents.errors import AgentError
from agents.evidence import Evidence, Finding, QualityReport, Regression, RepairAttempt, Verdict
from agents.plan import Plan, Requirements, Value
from agents.types import StageName


class Recollection(Value):
    """A memory entry that was recalled for this run, with its source and cosine similarity."""

    entry: str
    kind: str
    title: str
    text: str
    source: str
    similarity: float
    used_in: str


class RunState(Value):
    """What is known so far. A new state is made by ``model_copy(update=…)``; none is changed in place."""

    version: Literal[1] = 1
    prompt: str
    name: str = ""
    language: str = ""
    images: tuple[str, ...] = ()
    change: str = ""
    """What a follow-up is to change in the application that its requirements and plan describe; '' for a new one."""
    touched: tuple[str, ...] = ()
    """Files that the change adds or alters."""
    asks: bool = False
    """Whether questions may be put to the person before anything is planned."""
    questions: tuple[str, ...] = ()
    answers: str = ""
    answered: bool = False
    approves: bool = False
    """Whether the plan waits for the person's approval."""
    approved: bool = False
    done: tuple[StageName, ...] = ()
    recalled: tuple[Recollection, ...] = ()
    requirements: Requirements | None = None
    draft: Plan | None = None
    """A plan that came with the requirements, before the structure stage has taken it."""
    draft_problem: str = ""
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    confidence: float | None = Field(default=None, ge=0, le=1)
    confidence_reason: str = ""
    criteria_met: dict[str, bool] = Field(default_factory=dict)
    set_aside: tuple[str, ...] = ()
    repairs: tuple[RepairAttempt, ...] = ()
    evidence: Evidence | None = None
    quality: QualityReport | None = None
    verdict: Verdict | None = None
    suggestions: tuple[str, ...] = ()
    regression: Regression | None = None

    def with_done(self, stage: StageName) -> RunState:
        """The same state with one more stage listed as done."""
        return self.model_copy(update={"done": (*self.done, stage)})

    @property
    def awaits(self) -> Literal["answers", "approval", ""]:
        """What the run needs from the person before its next stage."""
        if StageName.STRUCTURE not in self.done:
            return "answers" if self.questions and not self.answered else ""
        return "approval" if StageName.CODE not in self.done and self.approves and not self.approved else ""

    def needed_requirements(self) -> Requirements:
        """The requirements; raises AgentError when the first stage has not left any."""
        if self.requirements is None:
            raise AgentError("The requirements are missing from this checkpoint; run again from the start.")
        return self.requirements

    def needed_plan(self) -> Plan:
        """The plan; raises AgentError when the second stage has not left one."""
        if self.plan is None:
            raise AgentError("The plan is missing from this checkpoint; run again from 'structure'.")
        return self.plan


def load_state(document: object) -> RunState:
    """Read a stored state; raises AgentError for one that this version cannot read."""
    try:
        return RunState.model_validate(document)
    except ValidationError as error:
        raise AgentError("This checkpoint cannot be read by this version; run again from an earlier one.") from error
