"""Where a language's own tools look at files: inside a sandbox, and only with what the image brings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from agents.errors import SandboxFailure
from agents.languages.base import Work
from agents.sandboxes.base import Command, SandboxSession, shell
from agents.types import SourceFile

TOOL_SECONDS = 120.0
EMPTY = Command(("sh", "-c", "find /work /tmp -mindepth 1 -delete"), 30.0, folder="/")


class SandboxBench:
    """A bench on a sandbox that is opened when the first tool is wanted, or on one that is open already."""

    def __init__(
        self,
        opened: SandboxSession | Callable[[], AbstractContextManager[SandboxSession]],
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._opened, self._stop = opened, stop
        self._stack = ExitStack()
        self._session: SandboxSession | None = None

    def run(self, line: str, files: tuple[SourceFile, ...], *, results: str) -> Work:
        """Run a line over nothing but these files in /work; installed packages stay where they are."""
        session = self._ready()
        if session.run(EMPTY, stop=self._stop).exit_code != 0:
            raise SandboxFailure("The sandbox could not be emptied for a tool; try the run again.")
        session.put(files)
        # The environment of applications is left out: their packages' programs must not stand before the image's.
        done = session.run(shell(line, TOOL_SECONDS), stop=self._stop)
        return Work(done.exit_code, done.output, tuple(session.get(results)))

    def close(self) -> None:
        """End the sandbox, if one was started here."""
        self._stack.close()

    def _ready(self) -> SandboxSession:
        if self._session is None:
            opened = self._opened
            self._session = self._stack.enter_context(opened()) if callable(opened) else opened
        return self._session
