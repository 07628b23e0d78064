"""Every sandbox by name, and the choice among them. The bare host is not one of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from agents.errors import AgentError, SandboxUnavailable
from agents.sandboxes.base import Sandbox
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.docker import DockerSandbox

# In the order in which 'auto' tries them.
SANDBOXES: dict[str, Callable[[str], Sandbox]] = {"docker": DockerSandbox, "bubblewrap": BubblewrapSandbox}


@cache
def sandbox_named(name: str, installation: str) -> Sandbox:
    """One sandbox by its name, made once a process. Raises AgentError for an unknown name."""
    if name not in SANDBOXES:
        raise AgentError(f"SANDBOX is '{name}'; it must be auto, {' or '.join(SANDBOXES)}.")
    return SANDBOXES[name](installation)


def choose(name: str, installation: str) -> Sandbox:
    """The named sandbox, or with 'auto' the first that can be used here.

    Raises SandboxUnavailable with every reason and what to do when none can.
    """
    problems = []
    for key in SANDBOXES if name == "auto" else (name,):
        sandbox = sandbox_named(key, installation)
        status = sandbox.status()
        if status.available:
            return sandbox
        problems.append(f"{key}: {status.detail} {status.remedy}".strip())
    raise SandboxUnavailable("No sandbox can run code here now. " + " ".join(problems))
