"""Asks for files of the plan: what is good in a reply is kept, the rest is asked for again with the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agents.asking import ask
from agents.context import RunContext
from agents.errors import CutReply, ReplyError
from agents.events import LogLine
from agents.gates import left_out
from agents.plan import PlannedFile
from agents.replies import FileReply, parse_files
from agents.roles.facts import Asker, question_for
from agents.state import Recollection, RunState
from agents.types import MODE_EXECUTABLE, Level, SourceFile

MENDING_ROUNDS = 2


@dataclass(frozen=True)
class _Read:
    """The good files of a reply, and for each other planned path why it is not among them."""

    good: tuple[SourceFile, ...]
    problems: dict[str, str]


@dataclass(frozen=True)
class FileRequest:
    """A request for some files of the plan. ``shown`` are files for the prompt, most important first."""

    context: RunContext
    state: RunState
    asker: Asker
    shown: tuple[SourceFile, ...] = ()
    recalled: tuple[Recollection, ...] = ()

    def write(self, files: Sequence[PlannedFile]) -> list[SourceFile]:
        """The files, each whole, parsing and without place-holders. Raises what ``ask`` raises, naming what is bad."""
        wanted = {file.path: file for file in files}
        found: dict[str, SourceFile] = {}
        problems: dict[str, str] = {}
        for turn in range(MENDING_ROUNDS + 1):
            # Together first; what is still missing in the last turn is asked for one by one.
            missing = [file for path, file in wanted.items() if path not in found]
            groups = [[file] for file in missing] if turn == MENDING_ROUNDS else [missing]
            for group in groups:
                read = self._ask(group, {f.path: problems[f.path] for f in group if f.path in problems})
                found |= {file.path: file for file in read.good}
                problems |= read.problems
            if found.keys() >= wanted.keys():
                return [found[path] for path in wanted]
            self._say_missing(problems, found)
        raise ReplyError(" ".join(reason for path, reason in problems.items() if path not in found))

    def _ask(self, files: Sequence[PlannedFile], problems: dict[str, str]) -> _Read:
        more = {"paths": json.dumps([file.path for file in files]), "problems": "\n".join(problems.values())}
        question = question_for(
            self.context, self.state, self.asker, files=self.shown, recalled=self.recalled, more=more
        )
        nonce = question.data["nonce"]

        def parse(text: str) -> _Read:
            reply = parse_files(text, nonce)
            if reply.unclosed:
                raise CutReply(f"{reply.unclosed} has no END line.")
            return self._read(reply, files)

        return ask(self.context, question, parse, lambda text: self._read(parse_files(text, nonce), files)).value

    def _read(self, reply: FileReply, files: Sequence[PlannedFile]) -> _Read:
        """Sort a reply. Raises ReplyError when it holds none of the files."""
        given = {file.path: file for file in reply.files}
        if not any(file.path in given for file in files):
            raise ReplyError(f"None of these files is in the reply: {', '.join(file.path for file in files)}.")
        good: list[SourceFile] = []
        problems: dict[str, str] = {}
        for planned in files:
            file = given.pop(planned.path, None)
            if file is None:
                problems[planned.path] = f"{planned.path} is missing from the reply."
            elif problem := self._problem(file):
                problems[planned.path] = problem
            else:
                good.append(SourceFile(file.path, file.content, MODE_EXECUTABLE if planned.executable else file.mode))
        for path in sorted(given):
            note = f"{path} was not asked for, so it is set aside; the call that brought it still holds it."
            self.context.journal.record(LogLine(stage=self.asker.stage, level=Level.WARNING, text=note))
        return _Read(tuple(good), problems)

    def _problem(self, file: SourceFile) -> str:
        toolchain = self.context.toolchain(self.state.needed_requirements().language)
        return left_out(file) or toolchain.syntax_error(file)

    def _say_missing(self, problems: dict[str, str], found: dict[str, SourceFile]) -> None:
        for path, reason in problems.items():
            if path not in found:
                text = f"Asked for again: {reason}"
                self.context.journal.record(LogLine(stage=self.asker.stage, level=Level.WARNING, text=text))
