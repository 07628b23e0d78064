"""Unified differences between the files of two checkpoints, ready to show."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from agents.types import SourceFile
from generations.artifacts import diff
from generations.models import Artifact, Checkpoint

MAX_LINES = 2_000


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file: 'added', 'removed' or 'changed', and its lines with their first character ('+', '-', '@' or ' ')."""

    path: str
    change: str
    lines: tuple[tuple[str, str], ...]
    note: str = ""

    @property
    def added(self) -> int:
        """How many lines came."""
        return sum(kind == "+" for kind, _ in self.lines)

    @property
    def removed(self) -> int:
        """How many lines went."""
        return sum(kind == "-" for kind, _ in self.lines)


def differences(old: Checkpoint | None, new: Checkpoint | None) -> list[FileDifference]:
    """Every file that differs, by path; long ones are cut with a note."""
    found = diff(old, new)
    kinds = dict.fromkeys(found.added, "added") | dict.fromkeys(found.removed, "removed")
    kinds |= dict.fromkeys(found.changed, "changed")
    before, after = _artifacts(old, kinds), _artifacts(new, kinds)
    return [_difference(path, kinds[path], before.get(path), after.get(path)) for path in sorted(kinds)]


def text_difference(old: SourceFile | None, text: str) -> tuple[tuple[str, str], ...]:
    """How a text differs from a file; at most as many lines as are shown anywhere."""
    before = [] if old is None else old.text.splitlines()
    lines = list(difflib.unified_diff(before, text.splitlines(), n=3, lineterm=""))[2:]
    return tuple((line[:1] or " ", line[1:]) for line in lines[:MAX_LINES])


def _artifacts(checkpoint: Checkpoint | None, paths: dict[str, str]) -> dict[str, Artifact]:
    rows = Artifact.objects.filter(checkpoint=checkpoint, path__in=list(paths)).select_related("blob")
    return {row.path: row for row in rows} if checkpoint is not None else {}


def _difference(path: str, change: str, old: Artifact | None, new: Artifact | None) -> FileDifference:
    before, after = (None if row is None else row.source_file() for row in (old, new))
    modes = [f"{file.mode:o}" for file in (before, after) if file is not None]
    note = f"mode {modes[0]} became {modes[1]}" if len(set(modes)) == 2 else ""
    if any(file is not None and b"\x00" in file.content for file in (before, after)):
        return FileDifference(path, change, (), "not text")
    texts = [[] if file is None else file.text.splitlines() for file in (before, after)]
    lines = list(difflib.unified_diff(*texts, n=3, lineterm=""))[2:]
    if len(lines) > MAX_LINES:
        note = f"{len(lines) - MAX_LINES} more lines are not shown"
    return FileDifference(path, change, tuple((line[:1] or " ", line[1:]) for line in lines[:MAX_LINES]), note)
