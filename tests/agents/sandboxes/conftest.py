"""Every kind of sandbox. One of each is shared by the tests, and looked over after each test for what is left."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from agents.errors import SandboxFailure
from agents.sandboxes.base import Sandbox, SandboxSession
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.bubblewrap_groups import ControlGroups
from agents.sandboxes.docker import DockerSandbox
from agents.sandboxes.images import engine_answers
from tests.agents.sandboxes.programs import left_behind

# Each test process has its own, so that two at once on one engine leave each other's sandboxes alone.
KIND = "tests of sandboxes"
INSTALLATION = f"{KIND} {uuid4()}"
WITHOUT_GROUPS = ControlGroups(Path("/nowhere"))

SANDBOXES: dict[str, Callable[[str], Sandbox]] = {
    "docker": DockerSandbox,
    "bubblewrap": BubblewrapSandbox,
    "bubblewrap without control groups": lambda name: BubblewrapSandbox(name, groups=WITHOUT_GROUPS),
}


def usable(name: str, installation: str = INSTALLATION) -> Sandbox:
    """The sandbox of that name; skips the test on a machine that has no engine, or no bubblewrap."""
    if not (engine_answers() if name == "docker" else shutil.which("bwrap")):
        pytest.skip(f"{name} is not on this machine")
    sandbox = SANDBOXES[name](installation)
    status = sandbox.status()
    assert status.available, f"{status.detail} {status.remedy}"
    return sandbox


class Shared:
    """One started sandbox of a kind; a new one after a test that broke it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stack = ExitStack()
        self._session: SandboxSession | None = None

    def session(self) -> SandboxSession:
        """The started sandbox."""
        if self._session is None:
            opened = self._sandbox.open(run="a run", fence=1, image="python")
            self._session = self._stack.enter_context(opened)
        return self._session

    def look_over(self) -> str:
        """Empty it; '' or what is still there."""
        session = self.session()
        try:
            session.wipe()
        except SandboxFailure:
            self.end()
            return ""
        left = left_behind(session)
        if left:
            self.end()
        return left

    def end(self) -> None:
        """Remove it."""
        self._session = None
        self._stack.close()


@pytest.fixture(scope="session", params=SANDBOXES)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of one kind after the other."""
    usable(request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def shared(kind: str) -> Iterator[Shared]:
    """A sandbox of that kind for all tests that need no fresh one."""
    shared = Shared(usable(kind, f"{INSTALLATION}, shared"))
    yield shared
    shared.end()
    assert shared._sandbox.present() == set()


@pytest.fixture
def sandbox(kind: str) -> Iterator[Sandbox]:
    """For tests that start sandboxes themselves; none may be left."""
    sandbox = usable(kind)
    yield sandbox
    assert sandbox.present() == set()


@pytest.fixture
def session(shared: Shared) -> Iterator[SandboxSession]:
    """A started sandbox that is empty; after the test nothing may be left that emptying it does not clear away."""
    yield shared.session()
    assert shared.look_over() == ""


@pytest.fixture
def bubblewrap() -> Sandbox:
    """Bubblewrap alone."""
    return usable("bubblewrap")


@pytest.fixture
def docker_sandbox() -> Iterator[DockerSandbox]:
    """Docker alone."""
    sandbox = usable("docker")
    assert isinstance(sandbox, DockerSandbox)
    yield sandbox
    assert sandbox.present() == set()
