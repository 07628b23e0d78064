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

    ``files`` are put below ``/deps`` in the sandbox. ``lock`` is the resolved list in the language's own form.
    """

    files: tuple[SourceFile, ...]
    lock: str
    from_cache: bool


@dataclass(frozen=True, slots=True)
class PackageCache:
    """The folder of fetched packages that all runs share, and the most bytes that each language keeps in it."""

    folder: Path
    most_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class TestReport:
    """Test counts and line coverage (0 to 1, None if unknown) read from the runner's report files."""

    __test__ = False
    counts: TestCounts | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Work:
    """How a tool ended in the sandbox: exit code (None at the time limit), what it printed, the files it left."""

    exit_code: int | None
    output: str
    files: tuple[SourceFile, ...]


class Bench(Protocol):
    """Where the language's own tools look at files: a sandbox, started when the first tool is wanted."""

    def run(self, line: str, files: tuple[SourceFile, ...], *, results: str) -> Work:
        """Run a line of ours for ``sh`` over nothing but these files in /work; gives what is below ``results`` then.

        Installed packages are there only when an application was installed before. Raises SandboxUnavailable.
        """


class DependencyFetcher(Protocol):
    """Validates a manifest and brings its packages into a cache shared by all runs."""

    def __call__(self, manifest: tuple[str, ...], cache: PackageCache, *, stop: Callable[[], bool]) -> Fetched:
        """Raises DependencyError naming the line that is refused or cannot be resolved."""


@dataclass(frozen=True, slots=True)
class Words:
    """A language in the prompts: how it is installed and tested, and what its manifest must hold."""

    install: str
    test: str
    manifest: str
    structure: str = ""
    """Where sources and tests belong, in a sentence."""
    names: tuple[str, ...] = ()
    """Words that choose the language when a description says them: its name, and frameworks that it alone has."""


@dataclass(frozen=True)
class Toolchain:
    """A language: its names, files and commands, and how its reports are read.

    Commands run in the sandbox by ``sh -c`` in ``/work``. ``install`` turns what was fetched to ``/deps`` into an
    environment; ``test`` is the plan's test command wrapped so that it writes a report; ``reports`` are the paths that
    ``read_reports`` wants. A requirement is one line that ``read_manifest`` gave: a name, and versions where there are.
    """

    key: str
    label: str
    """What people read, with the version, such as 'Python 3.11'."""
    image: str
    suffixes: tuple[str, ...]
    words: Words
    manifest: str
    lock: str
    environment: dict[str, str]
    test_requirements: tuple[str, ...]
    read_manifest: Callable[[str], tuple[str, ...]]
    """The requirements of a manifest's text. Raises DependencyError naming what is not a name and versions."""
    write_manifest: Callable[[str, tuple[str, ...]], str]
    """The text of a manifest ('' for none yet) with these requirements instead of its own."""
    unpinned: Callable[[str], str]
    """A requirement without its versions."""
    pinned: Callable[[str, Fetched], str]
    """A requirement at the version that was fetched."""
    declared: Callable[[str, Fetched], str]
    """How a package that was found to be missing is declared, given what was fetched for it."""
    lock_files: Callable[[Fetched, str], dict[str, str]]
    """What is delivered so that everybody gets what was fetched, by path: the lock file beside a manifest of this text,
    and the manifest itself where its language writes more into it."""
    fetch: DependencyFetcher
    install: str
    wrap_test: Callable[[str], str]
    reports: tuple[str, ...]
    read_reports: Callable[[dict[str, bytes]], TestReport]
    is_test: Callable[[str], bool]
    """Whether a path is a test's."""
    syntax_error: Callable[[SourceFile], str]
    """'' when the file parses, otherwise a sentence with the line."""
    modules_in: Callable[[Fetched, tuple[str, ...]], frozenset[str]]
    """The modules that the fetched packages of some requirements hold."""
    unresolved_imports: Callable[[tuple[SourceFile, ...], tuple[str, ...], frozenset[str]], tuple[Finding, ...]]
    """Imports that neither the files, the standard library, the dependencies nor the fetched modules explain.

    Where adding a package would explain one, the message ends with "it comes with 'PACKAGE'".
    """
    format: Callable[[tuple[SourceFile, ...], Bench], tuple[SourceFile, ...]]
    """The files with the language's own formatter applied; never runs the files."""
    lint: Callable[[tuple[SourceFile, ...], Bench], tuple[Finding, ...]]
    """Findings of the linter; the rules of those about security begin with 'S'."""
    type_check: Callable[[tuple[SourceFile, ...], Bench], tuple[Finding, ...] | None]
    """Findings of a static type checker; None where the language or machine has none."""
    documented: Callable[[SourceFile], tuple[int, int]]
    """How many of a source's public definitions have a comment that explains them, and how many there are."""
    templates: Callable[[Requirements, Plan], tuple[SourceFile, ...]]
    """Files that need no model: .gitignore, Dockerfile, CI workflow (only those the plan leaves out)."""

    @property
    def name(self) -> str:
        """The language's name without its version."""
        return self.label.split()[0]
