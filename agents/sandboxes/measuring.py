"""Reads the last line that ``images/measure.py`` writes for a command."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

MEASURE = "/opt/autocoder/measure.py"
KILLED_AT_LIMIT = 137


@dataclass(frozen=True, slots=True)
class Figures:
    """How a command ended by its wrapper's own word. All None when the wrapper was killed with it."""

    timed_out: bool = False
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None


def new_mark() -> str:
    """A word that a program cannot guess."""
    return secrets.token_hex(16)


def take_figures(tail: bytes, mark: str) -> Figures:
    """What the wrapper's line says, which is the last of the output."""
    found = re.search(rb"\n%s (end|timeout) ([0-9.]+) ([0-9]+)\n\Z" % mark.encode(), tail)
    return Figures(found[1] == b"timeout", float(found[2]), int(found[3])) if found else Figures()


def without_figures(text: str, mark: str) -> str:
    """The text without the wrapper's line, where that is among what was kept."""
    before, found, after = text.rpartition(f"\n{mark} ")
    return before + after.partition("\n")[2] if found else text
