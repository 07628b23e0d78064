"""Every sandbox by name, and the choice among them. The bare host is not one of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from agents.errors import AgentError, SandboxUnavailable
from agents.sandboxes.base import Options, Sandbox
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.docker import DockerSandbox

# In the order in which 'auto' tries them.
SANDBOXES: dict[str, Callable[[str, Options], Sandbox]] = {"docker": DockerSandbox, "bubblewrap": BubblewrapSandbox}


@cache
def sandbox_named(name: str, installation: str, options: Options | None = None) -> Sandbox:
    """One sandbox by its name, made once a process. Raises AgentError for an unknown name."""
    if name not in SANDBOXES:
        raise AgentError(f"SANDBOX is '{name}'; it must be auto, {' or '.join(SANDBOXES)}.")
    return SANDBOXES[name](installation, options or Options())


def choose(name: str, installation: str, options: Options | None = None) -> Sandbox:
    """The named sandbox, or with 'auto' the first that can be used here.

    A runtime is of a Docker engine; whoever asks for one gets no other sandbox. Raises SandboxUnavailable with every
    reason and what to do when none can.
    """
    problems = []
    for key in candidates(name, options or Options()):
        sandbox = sandbox_named(key, installation, options)
        status = sandbox.status()
        if status.available:
            return sandbox
        problems.append(f"{key}: {status.detail} {status.remedy}".strip())
    raise SandboxUnavailable("No sandbox can run code here now. " + " ".join(problems))


def candidates(name: str, options: Options) -> tuple[str, ...]:
    """The sandboxes that may be used, in the order in which they are tried. Raises AgentError."""
    if options.runtime and name not in ("auto", "docker"):
        raise AgentError(f"SANDBOX_RUNTIME is '{options.runtime}', which only Docker can use, but SANDBOX is '{name}'.")
    if options.runtime:
        return ("docker",)
    return tuple(SANDBOXES) if name == "auto" else (name,)
