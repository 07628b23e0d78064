"""Fifth stage: tests from the criteria and the interfaces."""

from __future__ import annotations

from functools import partial

from agents.context import RunContext
from agents.roles import editor, tester
from agents.stages.base import Stage, keep, say
from agents.stages.writing import write_planned
from agents.state import RunState
from agents.types import Role, StageName

NAME = StageName.TESTS


def run(state: RunState, context: RunContext) -> RunState:
    """Every planned test file; in a follow-up those that its change touches."""
    if state.touched:
        say(context, NAME, "Changing tests")
        for file in editor.edit_tests(context, state):
            keep(context, NAME, file)
        return state
    files = state.needed_plan().of_kind("test")
    write_planned(context, NAME, Role.TESTER, files, partial(tester.write_tests, context, state))
    return state


STAGE = Stage(NAME, Role.TESTER, run)
