"""Named places at which tests let a run break. Nothing in the product arms them: no setting and no variable does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Point = Literal[
    "claim",
    "before_call",
    "mid_stream",
    "after_answer",
    "answer_saved",
    "files_staged",
    "files_committed",
    "container_created",
    "container_finished",
    "memory_upsert",
    "event_append",
    "final_state",
    "database_restored",
]

_armed: list[Callable[[Point], None]] = []


def fault(point: Point) -> None:
    """Break here if a test armed this process to; otherwise nothing."""
    for act in _armed:
        act(point)


def arm(act: Callable[[Point], None]) -> None:
    """Have every point that is passed in this process told to ``act``; for tests only."""
    _armed[:] = [act]
