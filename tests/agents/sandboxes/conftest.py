"""Every kind of sandbox, one started for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from agents.sandboxes.base import Sandbox, SandboxSession
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.bubblewrap_groups import ControlGroups
from agents.sandboxes.docker import DockerSandbox

# Each test process has its own, so that two at once on one engine leave each other's sandboxes alone.
INSTALLATION = f"tests of sandboxes {uuid4()}"
WITHOUT_GROUPS = ControlGroups(Path("/nowhere"))

SANDBOXES: dict[str, Callable[[], Sandbox]] = {
    "docker": lambda: DockerSandbox(INSTALLATION),
    "bubblewrap": lambda: BubblewrapSandbox(INSTALLATION),
    "bubblewrap without control groups": lambda: BubblewrapSandbox(INSTALLATION, groups=WITHOUT_GROUPS),
}


def usable(name: str) -> Sandbox:
    """The sandbox of that name; skips the test where this machine has none."""
    sandbox = SANDBOXES[name]()
    status = sandbox.status()
    if not status.available:
        pytest.skip(f"{name}: {status.detail}")
    return sandbox


@pytest.fixture(params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """One kind after the other."""
    return usable(request.param)


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[SandboxSession]:
    """A started sandbox."""
    with sandbox.open(run="a run", fence=1, image="python") as session:
        yield session


@pytest.fixture
def bubblewrap() -> Sandbox:
    """Bubblewrap alone."""
    return usable("bubblewrap")
