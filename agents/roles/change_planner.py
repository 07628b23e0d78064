"""Plans a follow-up: which criteria, files and commands of an application change."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field, ValidationError

from agents.asking import ask
from agents.context import RunContext
from agents.errors import ReplyError
from agents.plan import Commands, Criterion, Plan, PlannedFile, Requirements, Value
from agents.plan_check import plan_problem
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.strict_json import read_model
from agents.types import Purpose, Role, StageName


class _Reply(Value):
    """What changes; all that is not named stays."""

    summary: str = Field(min_length=1, max_length=1000)
    criteria: tuple[Criterion, ...] = Field(default=(), max_length=60)
    removed: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = Field(default=(), max_length=40)
    assumptions: tuple[str, ...] = ()
    files: tuple[PlannedFile, ...] = Field(min_length=1, max_length=100)
    removed_files: tuple[str, ...] = ()
    commands: dict[str, object] | None = None


_ASKER = Asker(StageName.REQUIREMENTS, Role.ORCHESTRATOR, Purpose.CHANGE, json_schema=_Reply.model_json_schema())


class PlannedChange(NamedTuple):
    """Requirements and plan of the application after the change, and the paths that it adds, alters or removes."""

    requirements: Requirements
    plan: Plan
    touched: tuple[str, ...]
    removed: tuple[str, ...]


def plan_change(context: RunContext, state: RunState) -> PlannedChange:
    """What the state's change means for its requirements and plan. Raises what ``ask`` raises."""
    question = question_for(context, state, _ASKER, more={"change": state.change})
    needs, plan = state.needed_requirements(), state.needed_plan()
    return ask(context, question, lambda text: _merged(read_model(text, _Reply), needs, plan)).value


def _merged(reply: _Reply, needs: Requirements, plan: Plan) -> PlannedChange:
    try:
        after = Plan(files=_files(reply, plan), commands=_commands(reply, plan))
        requirements = needs.model_copy(
            update={
                "summary": reply.summary,
                "criteria": _criteria(reply, needs),
                "dependencies": tuple(dict.fromkeys((*needs.dependencies, *reply.dependencies))),
                "assumptions": tuple(dict.fromkeys((*needs.assumptions, *reply.assumptions))),
            }
        )
        requirements = Requirements.model_validate(requirements.model_dump())
    except ValidationError as error:
        first = error.errors()[0]
        raise ReplyError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    problem = plan_problem(after)
    if problem:
        raise ReplyError(problem)
    touched = tuple(file.path for file in reply.files)
    return PlannedChange(requirements, after, touched, reply.removed_files)


def _files(reply: _Reply, plan: Plan) -> tuple[PlannedFile, ...]:
    changed = {file.path: file for file in reply.files}
    kept = [changed.pop(file.path, file) for file in plan.files if file.path not in reply.removed_files]
    return (*kept, *changed.values())


def _commands(reply: _Reply, plan: Plan) -> Commands:
    return Commands.model_validate({**plan.commands.model_dump(), **(reply.commands or {})})


def _criteria(reply: _Reply, needs: Requirements) -> tuple[Criterion, ...]:
    changed = {criterion.id: criterion for criterion in reply.criteria}
    kept = [changed.pop(one.id, one) for one in needs.criteria if one.id not in reply.removed]
    return (*kept, *changed.values())
