"""A sandbox whose output comes without secrets: a program may have been told one in a form that nobody recognised."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from agents.sandboxes.base import WORK, Command, CommandResult, Sandbox, SandboxSession, SandboxStatus
from agents.types import SourceFile
from generations.masking import mask_cut, mask_files


class MaskedSandbox:
    """Masks before anything cuts the output: the rest of a key that was cut is none that could be recognised."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner
        self.name, self.differences = inner.name, inner.differences

    def status(self) -> SandboxStatus:
        """Whether it can be used."""
        return self._inner.status()

    def has(self, image: str) -> bool:
        """Whether there are programs for an image."""
        return self._inner.has(image)

    @contextmanager
    def open(self, *, run: str, fence: int, image: str) -> Iterator[SandboxSession]:
        """A started sandbox. Raises SandboxUnavailable."""
        with self._inner.open(run=run, fence=fence, image=image) as session:
            yield _MaskedSession(session)

    def present(self) -> set[tuple[str, int]]:
        """Run and fence of every sandbox that is there."""
        return self._inner.present()

    def remove_orphans(self, live: Collection[tuple[str, int]]) -> int:
        """Remove those that are not live."""
        return self._inner.remove_orphans(live)


class _MaskedSession:
    def __init__(self, inner: SandboxSession) -> None:
        self._inner = inner

    def put(self, files: Iterable[SourceFile], folder: str = WORK) -> None:
        """Write files."""
        self._inner.put(files, folder)

    def get(self, folder: str = WORK) -> list[SourceFile]:
        """Read files back, masked."""
        return list(mask_files(tuple(self._inner.get(folder))))

    def run(
        self,
        command: Command,
        *,
        on_output: Callable[[str], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> CommandResult:
        """Run one command; what it printed is masked."""
        done = self._inner.run(command, on_output=on_output, stop=stop)
        return replace(done, output=mask_cut(done.output))

    def converse(
        self, command: Command, source: int, take: Callable[[bytes], None], *, stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Run one command that is spoken with."""
        return self._inner.converse(command, source, take, stop=stop)

    def wipe(self) -> None:
        """A clean machine for the next command."""
        self._inner.wipe()
