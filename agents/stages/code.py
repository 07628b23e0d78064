"""Third stage: the source files."""

from __future__ import annotations

from functools import partial

from agents.context import RunContext
from agents.memory.base import MemoryKind
from agents.roles import coder, editor
from agents.stages.base import Stage, keep, say
from agents.stages.recalling import recall
from agents.stages.writing import fits_one_reply, write_planned
from agents.state import RunState
from agents.types import Role, StageName

NAME = StageName.CODE


def run(state: RunState, context: RunContext) -> RunState:
    """Every planned source file. Manifest and README come in the same reply where it has room for them."""
    say(context, NAME, "Recalling practices")
    if state.touched:
        return _change(state, context)
    needs, plan = state.needed_requirements(), state.needed_plan()
    state = recall(context, state, f"{needs.summary} {' '.join(needs.stack)}", NAME, MemoryKind.PRACTICE, NAME)
    files = plan.of_kind("source")
    if context.uses_ai and fits_one_reply(context, Role.CODER, (*files, *plan.of_kind("extra"))):
        files = (*files, *plan.of_kind("extra"))
    write_planned(context, NAME, Role.CODER, files, partial(coder.write_sources, context, state))
    return state


def _change(state: RunState, context: RunContext) -> RunState:
    """The files of a follow-up that its change touches."""
    say(context, NAME, f"Changing {', '.join(state.touched)}")
    for file in editor.edit_sources(context, state):
        keep(context, NAME, file)
    return state


STAGE = Stage(NAME, Role.CODER, run)
