"""Brings the files of an application in line with a change: edits of what is there, and new files."""

from __future__ import annotations

import json

from agents.asking import ask
from agents.context import RunContext
from agents.edits import apply_edits
from agents.errors import CutReply, ReplyError
from agents.events import LogLine
from agents.gates import left_out, shrunk
from agents.replies import parse_files
from agents.roles.debugger import spoilt
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.types import MODE_EXECUTABLE, Level, Purpose, Role, SourceFile, StageName


def edit_sources(context: RunContext, state: RunState) -> tuple[SourceFile, ...]:
    """The changed and the new sources and extras. Raises what ``ask`` raises."""
    asker = Asker(StageName.CODE, Role.CODER, Purpose.EDIT, facts={"tests": False})
    plan = state.needed_plan()
    tests = {file.path for file in plan.of_kind("test")}
    paths = [path for path in state.touched if path not in tests]
    wanted = {need for file in plan.files if file.path in paths for need in file.depends_on} | set(paths)
    # Files to change first, then what they use, so that a small context holds what matters.
    shown = sorted(
        (file for file in context.workspace.files() if file.path in wanted), key=lambda file: file.path not in paths
    )
    return _edit(context, state, asker, paths, tuple(shown)) if paths else ()


def edit_tests(context: RunContext, state: RunState) -> tuple[SourceFile, ...]:
    """The changed and the new tests, written without sight of the sources. Raises what ``ask`` raises."""
    asker = Asker(StageName.TESTS, Role.TESTER, Purpose.EDIT, facts={"tests": True})
    planned = {file.path for file in state.needed_plan().of_kind("test")}
    paths = [path for path in state.touched if path in planned]
    shown = tuple(file for file in context.workspace.files() if file.path in planned)
    return _edit(context, state, asker, paths, shown) if paths else ()


def _edit(
    context: RunContext, state: RunState, asker: Asker, paths: list[str], shown: tuple[SourceFile, ...]
) -> tuple[SourceFile, ...]:
    more = {"paths": json.dumps(paths), "change": state.change}
    question = question_for(context, state, asker, shown, more=more)
    before = {file.path: file for file in context.workspace.files()}
    toolchain = context.toolchain(state.needed_requirements().language)
    planned = {file.path: file for file in state.needed_plan().files}

    def parse(text: str) -> tuple[SourceFile, ...]:
        reply = parse_files(text, question.data["nonce"])
        if reply.unclosed:
            raise CutReply(f"{reply.unclosed} has no END line.")
        for file in reply.files:
            _refuse(left_out(file) or shrunk(before.get(file.path), file))
        edited = apply_edits(before, reply.edits)
        for file in edited:
            _refuse(spoilt(before.get(file.path), file))
        changed = {file.path: file for file in (*reply.files, *edited)}
        missing = [path for path in paths if path not in changed and path not in before]
        _refuse(f"These files are missing from the reply: {', '.join(missing)}." if missing else "")
        for file in changed.values():
            _refuse(toolchain.syntax_error(file))
        return tuple(changed.values())

    found = ask(context, question, parse).value
    for file in found:
        if file.path not in paths:
            fate = "is changed beyond the plan" if file.path in planned else "is not in the plan, so it is set aside"
            context.journal.record(LogLine(stage=asker.stage, level=Level.WARNING, text=f"{file.path} {fate}."))
    return tuple(_moded(file, before, planned[file.path].executable) for file in found if file.path in planned)


def _moded(file: SourceFile, before: dict[str, SourceFile], executable: bool) -> SourceFile:  # noqa: FBT001
    known = before.get(file.path)
    mode = MODE_EXECUTABLE if executable else known.mode if known else file.mode
    return SourceFile(file.path, file.content, mode)


def _refuse(problem: str) -> None:
    if problem:
        raise ReplyError(problem)
