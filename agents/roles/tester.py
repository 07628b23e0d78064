"""The tester: writes tests from the criteria and the interfaces, without seeing the bodies."""

from __future__ import annotations

from collections.abc import Sequence

from agents.context import RunContext
from agents.plan import PlannedFile
from agents.roles.facts import Asker
from agents.roles.file_requests import FileRequest
from agents.state import RunState
from agents.types import Purpose, Role, SourceFile, StageName


def write_tests(context: RunContext, state: RunState, files: Sequence[PlannedFile]) -> list[SourceFile]:
    """The asked test files. Raises what ``ask`` raises."""
    return FileRequest(context, state, Asker(StageName.TESTS, Role.TESTER, Purpose.TESTS)).write(files)
