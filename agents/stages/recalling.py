"""Recalls memory entries for a stage; without memory the run goes on and says so."""

from __future__ import annotations

from agents.context import RunContext
from agents.errors import MemoryUnavailable
from agents.events import MemoryUsed
from agents.memory.base import MemoryKind
from agents.state import Recollection, RunState
from agents.types import StageName

# Below this cosine, entries have nothing to do with the query (measured with MiniLM on short descriptions).
LEAST_SIMILARITY = 0.35


def recall(
    context: RunContext, state: RunState, query: str, stage: StageName, kind: MemoryKind, used_in: str
) -> RunState:
    """The state with what was found for a query, each entry once per use."""
    try:
        found = [one for one in context.memory.recall(query, kind=kind) if one.similarity >= LEAST_SIMILARITY]
    except MemoryUnavailable as error:
        context.journal.record(MemoryUsed(stage=stage, problem=str(error)))
        return state
    known = {(one.entry, one.used_in) for one in state.recalled}
    fresh = tuple(
        Recollection(
            entry=one.entry,
            kind=one.kind,
            title=one.title,
            text=one.text,
            source=one.source,
            similarity=one.similarity,
            used_in=used_in,
        )
        for one in found
        if (one.entry, used_in) not in known
    )
    if fresh:
        context.journal.record(MemoryUsed(stage=stage, titles=tuple(one.title for one in fresh)))
    return state.model_copy(update={"recalled": (*state.recalled, *fresh)})
