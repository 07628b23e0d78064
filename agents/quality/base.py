"""What a quality measure is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from agents.evidence import Finding, Measure
from agents.languages.base import Bench, Toolchain
from agents.state import RunState
from agents.types import SourceFile


@dataclass(frozen=True)
class Subject:
    """What is measured: the delivered files, what the run knows of them, the language's tools and where they work."""

    files: tuple[SourceFile, ...]
    state: RunState
    toolchain: Toolchain
    bench: Bench

    @cached_property
    def sources(self) -> tuple[SourceFile, ...]:
        """Files in the application's language, tests left out."""
        tests = {file.path for file in self.state.plan.of_kind("test")} if self.state.plan else set()
        return tuple(
            file
            for file in self.files
            if PurePosixPath(file.path).suffix in self.toolchain.suffixes
            and file.path not in tests
            and not self.toolchain.is_test(file.path)
        )

    @cached_property
    def lines(self) -> int:
        """Lines of the sources that are not blank."""
        return sum(1 for file in self.sources for line in file.text.splitlines() if line.strip())

    @cached_property
    def lint(self) -> tuple[Finding, ...]:
        """Findings of the linter in the sources."""
        own = {file.path for file in self.sources}
        return tuple(one for one in self.toolchain.lint(self.files, self.bench) if one.path in own)


@dataclass(frozen=True, slots=True)
class QualityMeasure:
    """One measure: its name on the page, its weight in the mean, its formula in words, and the function."""

    name: str
    label: str
    weight: float
    formula: str
    measure: Callable[[Subject], Measure]


def unknown(why: str) -> Measure:
    """A measure that could not be taken."""
    return Measure(value=None, detail=why)
