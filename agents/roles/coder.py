"""The coder: writes sources and extras of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from agents.context import RunContext
from agents.plan import PlannedFile
from agents.roles.facts import Asker, recalled_for
from agents.roles.file_requests import FileRequest
from agents.state import RunState
from agents.types import Purpose, Role, SourceFile, StageName


def write_sources(context: RunContext, state: RunState, files: Sequence[PlannedFile]) -> list[SourceFile]:
    """The asked files, each whole and parsing. They see the files that they depend on. Raises what ``ask`` raises."""
    asker = Asker(StageName.CODE, Role.CODER, Purpose.SOURCE)
    wanted = {path for file in files for path in file.depends_on}
    shown = tuple(file for file in context.workspace.files() if file.path in wanted)
    return FileRequest(context, state, asker, shown, recalled_for(state, StageName.CODE)).write(files)


def write_extras(context: RunContext, state: RunState, files: Sequence[PlannedFile]) -> list[SourceFile]:
    """Manifest, README and the like, in sight of the sources. Raises what ``ask`` raises."""
    asker = Asker(StageName.EXTRAS, Role.CODER, Purpose.EXTRAS)
    return FileRequest(context, state, asker, context.workspace.files()).write(files)
