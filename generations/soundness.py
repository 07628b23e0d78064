"""Finds the checkpoint that a run can go on from: the newest that is still what was stored."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agents.events import LogLine
from agents.evidence import Outcome
from agents.state import RunState
from agents.types import Level, SourceFile, StageName
from generations.checkpoints import restore
from generations.models import Checkpoint, CheckpointStatus, Run


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint with what it holds, checked against its hashes."""

    checkpoint: Checkpoint
    state: RunState
    files: tuple[SourceFile, ...]


def newest_sound(run: Run, *, judged: bool = True) -> tuple[Found | None, list[Checkpoint]]:
    """The newest good checkpoint that is whole, and the damaged ones that were passed over on the way to it.

    Without ``judged``, an execution that was not judged as succeeded is passed over too: it is to be done again.
    """
    damaged: list[Checkpoint] = []
    for row in run.checkpoints.filter(status=CheckpointStatus.SUCCEEDED).order_by("-number"):
        restored = restore(row)
        if restored is None:
            damaged.append(row)
        elif judged or not _to_do_again(row, restored[0]):
            return Found(row, *restored), damaged
    return None, damaged


def is_sound(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is what was stored; one without a state has only its files to be judged by."""
    if checkpoint.state is None and not checkpoint.state_sha256:
        return tree_is_whole(checkpoint)
    return checkpoint.status != CheckpointStatus.DAMAGED and restore(checkpoint) is not None


def tree_is_whole(checkpoint: Checkpoint) -> bool:
    """Whether the files are those that were stored; one of them at a time is in memory."""
    digest = hashlib.sha256()
    for row in checkpoint.artifacts.select_related("blob").order_by("path").iterator(chunk_size=20):
        if row.blob.sound_content() is None:
            return False
        digest.update(f"{row.path}\0{row.mode:o}\0{row.blob_id}\n".encode())
    return not checkpoint.tree or digest.hexdigest() == checkpoint.tree


def mark_damaged(rows: Collection[Checkpoint]) -> list[LogLine]:
    """Have these never be used again; gives the lines that tell it."""
    Checkpoint.objects.filter(pk__in=[row.pk for row in rows]).update(status=CheckpointStatus.DAMAGED)
    return [LogLine(stage="", level=Level.WARNING, text=sentence([row.stage])) for row in rows]


def sentence(stages: Sequence[str]) -> str:
    """What a person is told about damaged checkpoints that are passed over."""
    if len(stages) == 1:
        return f"The checkpoint of the stage '{stages[0]}' is damaged; the run goes on from the one before it."
    return f"The checkpoints of {', '.join(stages)} are damaged; the run goes on from the one before them."


def _to_do_again(row: Checkpoint, state: RunState) -> bool:
    verdict = state.verdict
    return row.stage == StageName.EXECUTION and (verdict is None or verdict.outcome != Outcome.SUCCEEDED)
