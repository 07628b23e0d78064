"""What a stage is, and the words that every stage uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.context import RunContext
from agents.errors import Stopped
from agents.events import Activity, FileWritten, LogLine
from agents.state import RunState
from agents.types import Level, Role, SourceFile, StageName


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the pipeline: its stored name, who leads it, and the function that does it."""

    name: StageName
    role: Role
    run: Callable[[RunState, RunContext], RunState]


def say(context: RunContext, stage: StageName, text: str) -> None:
    """Show what is being done now; raises Stopped when the person asked to stop."""
    if context.journal.stop_requested():
        raise Stopped("Stopped at your request.")
    context.journal.record(Activity(stage=stage, text=text))


def log(context: RunContext, stage: StageName, text: str, level: Level = Level.INFO) -> None:
    """Add one line to the run's log."""
    context.journal.record(LogLine(stage=stage, level=level, text=text))


def keep(context: RunContext, stage: StageName, file: SourceFile) -> None:
    """Accept a file into the workspace and say so, unless it is there just so already."""
    known = context.workspace.read(file.path)
    if known == file:
        return
    context.workspace.write(file)
    change = FileWritten(stage=stage, path=file.path, size=len(file.content), change="changed" if known else "new")
    context.journal.record(change)
