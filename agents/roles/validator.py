"""The validator: holds the files against the acceptance criteria."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from agents.asking import ask
from agents.context import RunContext
from agents.evidence import Finding
from agents.plan import Value
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.strict_json import read_model
from agents.types import Purpose, Role, StageName

SHOWN_FINDINGS = 60


class Review(Value):
    """The validator's judgement; it is shown, and no verdict rests on it."""

    confidence: float | None = Field(default=None, ge=0, le=1)
    reason: str = Field(default="", max_length=4000)
    criteria_met: dict[str, bool] = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def review(context: RunContext, state: RunState, findings: Sequence[Finding]) -> Review:
    """Ask for a judgement of all files; criteria that are not ours are dropped."""
    told = "\n".join(f"{one.path}:{one.line} {one.level} {one.rule} {one.message}" for one in findings[:SHOWN_FINDINGS])
    question = question_for(
        context,
        state,
        Asker(StageName.VALIDATION, Role.VALIDATOR, Purpose.VALIDATION, json_schema=Review.model_json_schema()),
        files=context.workspace.files(),
        more={"findings": told or "nothing"},
    )
    known = {criterion.id for criterion in state.needed_requirements().criteria}

    def parse(text: str) -> Review:
        found = read_model(text, Review)
        met = {key: value for key, value in found.criteria_met.items() if key in known}
        return found.model_copy(update={"criteria_met": met})

    return ask(context, question, parse).value
