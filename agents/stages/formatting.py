"""Seventh stage: the language's own formatter."""

from __future__ import annotations

from agents.context import RunContext
from agents.stages.base import Stage, keep, log, say
from agents.state import RunState
from agents.types import Role, StageName

NAME = StageName.FORMATTING


def run(state: RunState, context: RunContext) -> RunState:
    """All files formatted; one that would no longer parse stays as it was."""
    toolchain = context.toolchain(state.needed_requirements().language)
    say(context, NAME, "Formatting")
    before = {file.path: file for file in context.workspace.files()}
    with context.open_bench(toolchain) as bench:
        changed = [file for file in toolchain.format(tuple(before.values()), bench) if file != before[file.path]]
    for file in changed:
        if not toolchain.syntax_error(file):
            keep(context, NAME, file)
    log(context, NAME, f"{len(changed)} of {len(before)} files were changed by the formatter.")
    return state


STAGE = Stage(NAME, Role.CODER, run)
