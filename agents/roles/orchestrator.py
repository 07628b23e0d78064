"""The orchestrator: understands what the application must be, and says who mends what."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from pydantic import Field, ValidationError

from agents.asking import ask
from agents.context import RunContext
from agents.errors import ReplyError
from agents.plan import Plan, Requirements
from agents.plan_check import plan_problem, server_problem
from agents.roles.facts import Asker, question_for, recalled_for
from agents.state import RunState
from agents.strict_json import read_model
from agents.types import Purpose, Role, StageName


class _Reply(Requirements):
    """Requirements with what may come in the same reply. The plan is looked at later, by itself."""

    questions: tuple[str, ...] = Field(default=(), max_length=8)
    plan: dict[str, object] | None = None


_ASKER = Asker(
    StageName.REQUIREMENTS,
    Role.ORCHESTRATOR,
    Purpose.REQUIREMENTS,
    json_schema=_Reply.model_json_schema(),
)


class Understood(NamedTuple):
    """``draft`` is a plan that can be carried out, or None; ``problem`` then says why the one given cannot."""

    requirements: Requirements
    questions: tuple[str, ...]
    draft: Plan | None
    problem: str


def understand(context: RunContext, state: RunState, images: str = "") -> Understood:
    """Requirements with numbered criteria and, for a small application, its plan; the person's name and language win.

    Raises NotUnderstood when the provider cannot write what is asked for.
    """
    question = question_for(
        context,
        state,
        replace(_ASKER, facts={"plans": True, "asks": state.asks and not state.answered}),
        recalled=recalled_for(state, StageName.REQUIREMENTS),
        more={"images": images},
    )
    found = ask(context, question, lambda text: _read(text, context, state)).value
    draft, problem = _plan_of(found)
    values = found.model_dump(include=set(Requirements.model_fields))
    return Understood(Requirements.model_validate(values), found.questions, draft, problem)


def _read(text: str, context: RunContext, state: RunState) -> _Reply:
    found = read_model(text, _Reply)
    chosen = {"name": state.name or found.name, "language": state.language or found.language}
    if chosen["language"] not in context.toolchains:
        known = ", ".join(sorted(context.toolchains))
        raise ReplyError(f"The language '{found.language}' is not known. Known languages: {known}.")
    ids = [criterion.id for criterion in found.criteria]
    if len(set(ids)) != len(ids):
        raise ReplyError("Two criteria have the same number.")
    return found.model_copy(update=chosen)


def _plan_of(found: _Reply) -> tuple[Plan | None, str]:
    if found.plan is None:
        return None, ""
    try:
        draft = Plan.model_validate(found.plan)
    except ValidationError as error:
        first = error.errors()[0]
        return None, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    problem = plan_problem(draft) or server_problem(found.project_type, draft)
    return (None, problem) if problem else (draft, "")
