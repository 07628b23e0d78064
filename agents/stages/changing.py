"""Takes the changes of a repair into the workspace."""

from __future__ import annotations

from collections.abc import Iterable

from agents.context import RunContext
from agents.errors import WorkspaceError
from agents.languages.base import Bench
from agents.stages.base import keep, log
from agents.stages.dependencies import mend_manifest
from agents.state import RunState
from agents.types import Level, SourceFile, StageName


def take_changes(
    context: RunContext, state: RunState, bench: Bench, stage: StageName, changed: Iterable[SourceFile]
) -> None:
    """Format and keep what parses; the rest is named in the log. The manifest is brought in line afterwards."""
    toolchain = context.toolchain(state.needed_requirements().language)
    for file in toolchain.format(tuple(changed), bench):
        try:
            problem = toolchain.syntax_error(file)
            if problem:
                raise WorkspaceError(problem)
            keep(context, stage, file)
        except WorkspaceError as error:
            log(context, stage, f"A repaired file was not taken: {error}", Level.WARNING)
    mend_manifest(state, context, stage)
