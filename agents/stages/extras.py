"""Fourth stage: manifest, README and the files that need no model."""

from __future__ import annotations

from functools import partial

from agents.context import RunContext
from agents.roles import coder
from agents.stages.base import Stage, keep, say
from agents.stages.dependencies import mend_manifest
from agents.stages.writing import write_planned
from agents.state import RunState
from agents.types import Role, StageName

NAME = StageName.EXTRAS


def run(state: RunState, context: RunContext) -> RunState:
    """The planned extras by the coder, the rest from templates, then the dependency doctor."""
    plan, needs = state.needed_plan(), state.needed_requirements()
    write_planned(context, NAME, Role.CODER, plan.of_kind("extra"), partial(coder.write_extras, context, state))
    say(context, NAME, "Adding ignore files, Dockerfile and workflow")
    for file in context.toolchain(needs.language).templates(needs, plan):
        if context.workspace.read(file.path) is None:
            keep(context, NAME, file)
    mend_manifest(state, context, NAME)
    return state


STAGE = Stage(NAME, Role.CODER, run)
