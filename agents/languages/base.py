"""What differs from language to language, as data and a few functions, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agents.evidence import Finding, TestCounts
from agents.plan import Plan, Requirements
from agents.types import SourceFile


@dataclass(frozen=True, slots=True)
class Fetched:
    """Dependencies on the host, fetched without running their code.

    ``files`` are put below ``/deps`` in the sandbox. ``lock`` is the resolved list (one pin a line).
    """

    files: tuple[SourceFile, ...]
    lock: str
    from_cache: bool


@dataclass(frozen=True, slots=True)
class TestReport:
    """Test counts and line coverage (0 to 1, None if unknown) read from the runner's report files."""

    __test__ = False
    counts: TestCounts | None
    coverage: float | None


class DependencyFetcher(Protocol):
    """Validates a manifest and brings its packages into a cache shared by all runs."""

    def __call__(self, manifest: tuple[str, ...], cache: Path, *, stop: Callable[[], bool]) -> Fetched:
        """Raises DependencyError naming the line that is refused or cannot be resolved."""


@dataclass(frozen=True)
class Toolchain:
    """A language: its names, files and commands, and how its reports are read.

    Commands run in the sandbox by ``sh -c`` in ``/work``. ``install`` turns what was fetched to
    ``/deps`` into an environment; ``test`` is the plan's test command wrapped so that it writes a
    report; ``reports`` are the paths that ``read_reports`` wants.
    """

    key: str
    label: str
    image: str
    suffixes: tuple[str, ...]
    manifest: str
    lock: str
    environment: dict[str, str]
    test_requirements: tuple[str, ...]
    read_manifest: Callable[[str], tuple[str, ...]]
    fetch: DependencyFetcher
    install: str
    wrap_test: Callable[[str], str]
    reports: tuple[str, ...]
    read_reports: Callable[[dict[str, bytes]], TestReport]
    syntax_error: Callable[[SourceFile], str]
    """'' when the file parses, otherwise a sentence with the line."""
    modules_in: Callable[[Fetched, tuple[str, ...]], frozenset[str]]
    """The modules that the fetched packages of some requirements hold."""
    unresolved_imports: Callable[[tuple[SourceFile, ...], tuple[str, ...], frozenset[str]], tuple[Finding, ...]]
    """Imports that neither the files, the standard library, the dependencies nor the fetched modules explain."""
    format: Callable[[tuple[SourceFile, ...]], tuple[SourceFile, ...]]
    """The files with the language's own formatter applied; never runs the files."""
    lint: Callable[[tuple[SourceFile, ...]], tuple[Finding, ...]]
    type_check: Callable[[tuple[SourceFile, ...]], tuple[Finding, ...] | None]
    """Findings of a static type checker; None where the language or machine has none."""
    templates: Callable[[Requirements, Plan], tuple[SourceFile, ...]]
    """Files that need no model: .gitignore, Dockerfile, CI workflow (only those the plan leaves out)."""
