"""Second stage: every file with its interface, and how to install, start and test."""

from __future__ import annotations

from agents.context import RunContext
from agents.roles import planner
from agents.stages.base import Stage, log, say
from agents.state import RunState
from agents.types import Role, StageName

NAME = StageName.STRUCTURE


def run(state: RunState, context: RunContext) -> RunState:
    """A plan that can be carried out: the one that came with the requirements, or the planner's.

    Raises SandboxUnavailable when the sandbox lacks the language's programs.
    """
    # Before anything is spent on a plan that could not be proved here.
    context.needs_programs(context.toolchain(state.needed_requirements().language))
    say(context, NAME, "Planning files and interfaces")
    found = state.draft or planner.plan(context, state)
    for kind in ("source", "extra", "test"):
        log(context, NAME, f"{kind}: {', '.join(file.path for file in found.of_kind(kind))}")
    return state.model_copy(update={"plan": found, "draft": None, "draft_problem": ""})


STAGE = Stage(NAME, Role.PLANNER, run)
