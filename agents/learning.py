"""What a finished run leaves in memory: working applications, and errors with what mended them."""

from __future__ import annotations

from agents.context import RunContext
from agents.errors import MemoryUnavailable
from agents.events import MemoryUsed
from agents.evidence import Outcome
from agents.memory.base import MemoryKind, Note
from agents.state import RunState
from agents.types import StageName

MAX_TEXT = 2_000


def learn_from(state: RunState, context: RunContext) -> None:
    """Remember what is worth it. Only what was proved is learned."""
    try:
        for note in notes_of(state):
            context.memory.learn(note)
    except MemoryUnavailable as error:
        context.journal.record(MemoryUsed(stage=StageName.EXECUTION, problem=str(error)))


def notes_of(state: RunState) -> list[Note]:
    """A summary of an application that succeeded, and one note for each repair that was kept in it."""
    if state.verdict is None or state.verdict.outcome is not Outcome.SUCCEEDED:
        return []
    needs, plan = state.needed_requirements(), state.needed_plan()
    files = "\n".join(f"- {file.path}: {file.purpose}" for file in plan.files)
    text = f"{needs.summary}\nAsked for: {state.prompt}\nFeatures: {'; '.join(needs.features)}\n{files}"
    title = f"{needs.name}: {needs.project_type.replace('_', ' ')}"
    notes = [Note(MemoryKind.APPLICATION, title, text[:MAX_TEXT], needs.language)]
    for repair in state.repairs:
        if repair.kept:
            told = f"Failed step: {repair.step}\n{repair.explanation}\nChanged: {', '.join(repair.files)}"
            notes.append(Note(MemoryKind.SOLVED_ERROR, repair.explanation[:120], told[:MAX_TEXT], needs.language))
    return notes
