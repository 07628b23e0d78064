"""Makes the sandbox ready before the first run, and says in a sentence where generated code will run."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from agents.errors import AgentError, SandboxUnavailable
from agents.languages import TOOLCHAINS
from agents.sandboxes import images
from agents.sandboxes.docker import DockerSandbox
from generations.wiring import installation, sandbox_options, site_sandbox

# Most orders are for it; the others take a command, so that a first start is not kept waiting for them.
FIRST = "python"
BUILD = "python3 manage.py build_images"


def sandbox_sentence(say: Callable[[str], object]) -> str:
    """Make Python's image where a Docker engine answers and it is missing; gives the sentence about the sandbox.

    ``say`` is told of anything that takes long. Nothing is raised: without a sandbox the site starts and runs wait.
    """
    problem = "" if settings.SANDBOX == "bubblewrap" else _made_images(say)
    try:
        sandbox = site_sandbox()
    except AgentError as error:
        return f"{problem} {error} Runs will wait until then.".strip()
    told = f"{problem} Generated code runs in {sandbox.name}: {sandbox.status().detail}".strip()
    missing = [chain for chain in TOOLCHAINS.values() if not sandbox.has(chain.image)]
    if not missing:
        return told
    names = " and ".join(chain.label for chain in missing)
    return f"{told} It has no programs for {names} yet. Make them with: {BUILD} {' '.join(c.key for c in missing)}"


def _made_images(say: Callable[[str], object]) -> str:
    """'' when the first image is there or there is no engine, otherwise why it could not be made."""
    if not images.engine_answers():
        return ""
    try:
        images.build(FIRST, settings.PACKAGE_CACHE, say)
        accept_image(FIRST)
    except SandboxUnavailable as error:
        return str(error)
    return ""


def accept_image(key: str) -> None:
    """Runs are started from the image that is on the engine now, and from no other. Raises SandboxUnavailable."""
    DockerSandbox(installation(), sandbox_options()).accept(key)
