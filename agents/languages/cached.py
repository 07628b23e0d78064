"""The folder of fetched packages that all runs share: whole files only, and no more bytes than allowed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Put a text there in one step, so that nobody ever reads half of it."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def trim(paths: Iterable[Path], most_bytes: int, keep: set[Path]) -> None:
    """Drop the files that were used longest ago (by their time stamp), down to the size limit."""
    found = sorted(((path, path.stat()) for path in paths), key=lambda entry: entry[1].st_mtime)
    total = sum(stat.st_size for _path, stat in found)
    for path, stat in found:
        if total <= most_bytes:
            return
        if path not in keep:
            total -= stat.st_size
            path.unlink(missing_ok=True)
