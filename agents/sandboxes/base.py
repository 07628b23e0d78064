"""The protocol of a sandbox: the only place where generated code runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.types import SourceFile

WORK = "/work"


@dataclass(frozen=True, slots=True)
class Options:
    """What an installation may choose: the Docker engine's runtime, the file for what self-tests found, the folder of
    fetched packages and programs, from which a sandbox without images lends what a language needs."""

    runtime: str = ""
    records: Path | None = None
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """Whether a sandbox can be used, and if not, why and what to do (one sentence each).

    ``tested`` is when the guards were last looked at (seconds since 1970).
    """

    available: bool
    detail: str
    remedy: str = ""
    tested: float | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """An argument list with its wall-clock limit. Environment names are added to the profile's own few."""

    argv: tuple[str, ...]
    seconds: float
    folder: str = WORK
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""


def shell(line: str, seconds: float, environment: Mapping[str, str] | None = None) -> Command:
    """A command line for ``sh`` in the application's folder."""
    return Command(("sh", "-c", line), seconds, environment=environment or {})


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. ``exit_code`` is None when it was killed at the time limit.

    ``output`` is stdout and stderr interleaved, valid UTF-8, control characters removed, at most
    ``profile.OUTPUT_LIMIT`` bytes; ``truncated`` tells that more was printed.
    """

    exit_code: int | None
    output: str
    seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    timed_out: bool = False
    truncated: bool = False


class SandboxSession(Protocol):
    """One started sandbox for one run; commands share its files until ``wipe``."""

    def put(self, files: Iterable[SourceFile], folder: str = WORK) -> None:
        """Write files below ``folder`` (must be on writable space). Raises SandboxFailure."""

    def get(self, folder: str = WORK) -> list[SourceFile]:
        """Read back regular files; links, devices and files over the limits are left out. Never follows links."""

    def run(
        self,
        command: Command,
        *,
        on_output: Callable[[str], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> CommandResult:
        """Run one command; kill it with all its children at its limit or when ``stop`` says so (raises Stopped)."""

    def converse(
        self, command: Command, source: int, take: Callable[[bytes], None], *, stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Run one command that is spoken with: its input is read from the descriptor ``source`` until that ends, its
        output goes to ``take`` as it comes, uncut and uncleaned, from any thread. Gives the exit code; ends as ``run``.
        """

    def wipe(self) -> None:
        """End every process and empty every writable folder: the next command sees a clean machine."""


class Sandbox(Protocol):
    """A way to isolate code on this machine or on a Docker host."""

    name: str
    differences: tuple[str, ...]
    """In what it is less than a container, a sentence each."""

    def status(self) -> SandboxStatus:
        """Self-test: can code be run here, with every guard in force? Takes at most a few seconds, may be cached."""

    def has(self, image: str) -> bool:
        """Whether there are programs for an image such as 'python' or 'python-browser'."""

    def open(self, *, run: str, fence: int, image: str) -> AbstractContextManager[SandboxSession]:
        """Start a sandbox labelled with the run and its fence. ``image`` is a toolchain's key, e.g. 'python'.

        Raises SandboxUnavailable when it cannot be started now. Leaving the context removes everything.
        """

    def present(self) -> set[tuple[str, int]]:
        """Run and fence of every sandbox of ours that is there. Raises SandboxUnavailable when nobody can tell."""

    def remove_orphans(self, live: Collection[tuple[str, int]]) -> int:
        """Remove sandboxes of ours whose (run, fence) is not in ``live``; gives how many."""
