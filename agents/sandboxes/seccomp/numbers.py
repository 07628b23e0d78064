"""The numbers of the system calls, which the kernel's headers tell for each machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("numbers.json")


@dataclass(frozen=True, slots=True)
class Machine:
    """One architecture: the kernel's audit word for it, the engine's name of it, and its calls by name."""

    audit: int
    engine: str
    calls: dict[str, int]


@cache
def machines() -> dict[str, Machine]:
    """Every machine that the filter is written for, by the name that ``uname`` gives."""
    return {name: Machine(**table) for name, table in json.loads(SOURCE.read_text()).items()}
