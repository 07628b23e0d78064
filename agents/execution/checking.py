"""A finished application in a fresh sandbox with its packages installed, for programs that look at it from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agents.condense import tail
from agents.context import RunLimits
from agents.errors import AgentError, SandboxFailure
from agents.languages.base import PackageCache, Toolchain
from agents.plan import Commands
from agents.sandboxes.base import Command, Sandbox, SandboxSession, shell
from agents.types import SourceFile

KEPT_OUTPUT = 3_000


class NotInstallable(AgentError):
    """An application whose packages or whose own install command failed in the sandbox."""


@dataclass(frozen=True, slots=True)
class Application:
    """What a run delivered: its files, how they are installed and started, and its language."""

    files: tuple[SourceFile, ...]
    commands: Commands
    toolchain: Toolchain


@contextmanager
def open_installed(
    application: Application, sandbox: Sandbox, cache: PackageCache, *, label: str, stop: Callable[[], bool]
) -> Iterator[SandboxSession]:
    """A fresh session with the packages installed as in the proof and nothing but the delivered files in /work.

    Raises DependencyError, NotInstallable, SandboxUnavailable, SandboxFailure and Stopped.
    """
    toolchain, limit = application.toolchain, RunLimits().install_seconds
    manifest = next((file.text for file in application.files if file.path == toolchain.manifest), "")
    lines = (*toolchain.read_manifest(manifest), *toolchain.test_requirements)
    fetched = toolchain.fetch(lines, cache, stop=stop)
    with sandbox.open(run=label, fence=0, image=toolchain.image) as session:
        session.put(fetched.files, "/deps")
        session.put(application.files)
        for line in filter(None, (toolchain.install, application.commands.install)):
            done = session.run(shell(line, limit, toolchain.environment), stop=stop)
            if done.exit_code != 0:
                raise NotInstallable(f"The application could not be installed.\n{tail(done.output, KEPT_OUTPUT)}")
        _clean_copy(session, application.files)
        yield session


def _clean_copy(session: SandboxSession, files: tuple[SourceFile, ...]) -> None:
    """Take away what installing left in the writable folders, and put the files there as they were delivered."""
    emptied = session.run(Command(("sh", "-c", "find /work /tmp -mindepth 1 -delete"), 30.0, folder="/"))
    if emptied.exit_code != 0:
        raise SandboxFailure("The sandbox could not be emptied before the check; try again.")
    session.put(files)
