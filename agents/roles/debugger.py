"""Mends a failure that was seen, with edits or whole files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from agents.asking import ask
from agents.context import RunContext
from agents.edits import apply_edits
from agents.errors import CutReply, ReplyError
from agents.gates import left_out, shrunk
from agents.inventory import tests_removed
from agents.plan import Value
from agents.replies import parse_files
from agents.roles.facts import Asker, question_for, recalled_for
from agents.state import RunState
from agents.strict_json import read_model
from agents.types import Purpose, Role, SourceFile, StageName

Cause = Literal["code", "test", "dependency", "plan"]


class ChangedCommands(Value):
    """Commands of the plan that the repair changes; None leaves one as it is."""

    install: str | None = Field(default=None, max_length=1000)
    start: str | None = Field(default=None, max_length=1000)
    test: str | None = Field(default=None, min_length=1, max_length=500)
    examples: tuple[str, ...] | None = Field(default=None, max_length=20)


class Explanation(Value):
    """The words in front of the changes."""

    cause: Cause | None = None
    explanation: str = Field(max_length=4000)
    suggestions: tuple[str, ...] = Field(default=(), max_length=20)
    commands: ChangedCommands | None = None


@dataclass(frozen=True)
class Failure:
    """What is to be mended: the condensed evidence, what the orchestrator makes of it, and whose work it is."""

    evidence: str
    finding: str
    mender: Role
    stage: StageName = StageName.EXECUTION
    last_chance: bool = False


@dataclass(frozen=True)
class Repair:
    """What is changed and why; ``tokens`` is None where a count is unknown."""

    changed: tuple[SourceFile, ...]
    words: Explanation
    tokens: int | None


def repair(context: RunContext, state: RunState, failure: Failure, files: Sequence[SourceFile]) -> Repair:
    """Ask for a repair; ``files`` are those worth showing, most important first. Raises what ``ask`` raises."""
    more = {
        "evidence": failure.evidence,
        "orchestrator": failure.finding,
        "round": str(len(state.repairs) + 1),
        "earlier": "\n".join(f"Round {one.number} ({one.step}): {one.explanation}" for one in state.repairs),
    }
    asker = Asker(failure.stage, failure.mender, Purpose.REPAIR)
    question = question_for(context, state, asker, files, recalled_for(state, "repair"), more)
    question = replace(question, last_chance=failure.last_chance)
    before = {file.path: file for file in context.workspace.files()}
    asked = ask(context, question, lambda text: _read(text, question.data["nonce"], before))
    words, changed = asked.value
    return Repair(changed, words, asked.tokens)


def _read(text: str, nonce: str, before: dict[str, SourceFile]) -> tuple[Explanation, tuple[SourceFile, ...]]:
    head = text.split(f"<<<EDIT {nonce}", 1)[0].split(f"<<<FILE {nonce}", 1)[0]
    words = read_model(head, Explanation)
    reply = parse_files(text, nonce)
    if reply.unclosed:
        raise CutReply(f"{reply.unclosed} has no END line.")
    whole = [_with_mode(file, before.get(file.path)) for file in reply.files]
    for file in whole:
        _refuse(left_out(file) or shrunk(before.get(file.path), file))
    edited = apply_edits(before, reply.edits)
    for file in edited:
        _refuse(spoilt(before.get(file.path), file))
    for file in (*whole, *edited):
        _refuse(tests_removed(before.get(file.path), file))
    return words, (*whole, *edited)


def spoilt(known: SourceFile | None, file: SourceFile) -> str:
    """'' unless edits left out code that was there, or put a place-holder where there was none."""
    return shrunk(known, file) or ("" if known is not None and left_out(known) else left_out(file))


def _with_mode(file: SourceFile, known: SourceFile | None) -> SourceFile:
    """A file given whole again keeps its mode, unless it is made executable now."""
    return file if known is None else SourceFile(file.path, file.content, known.mode | file.mode)


def _refuse(problem: str) -> None:
    if problem:
        raise ReplyError(problem)
