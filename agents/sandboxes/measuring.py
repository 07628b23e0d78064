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


def take_figures(text: str, mark: str) -> tuple[str, Figures]:
    """The text without the wrapper's last line, and what that line says."""
    found = list(re.finditer(rf"\n{mark} (end|timeout) ([0-9.]+) ([0-9]+)\n", text))
    if not found:
        return text, Figures()
    last = found[-1]
    figures = Figures(last[1] == "timeout", float(last[2]), int(last[3]))
    return text[: last.start()] + text[last.end() :], figures
