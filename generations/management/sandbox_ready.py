"""Makes the sandbox ready before the first run, and says in a sentence where generated code will run."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from agents.errors import AgentError, SandboxUnavailable
from agents.languages import TOOLCHAINS
from agents.sandboxes import images
from generations.wiring import site_sandbox


def sandbox_sentence(say: Callable[[str], object]) -> str:
    """Make missing images where a Docker engine answers; gives the sentence about the sandbox.

    ``say`` is told of anything that takes long. Nothing is raised: without a sandbox the site starts and runs wait.
    """
    problem = "" if settings.SANDBOX == "bubblewrap" else _made_images(say)
    try:
        sandbox = site_sandbox()
    except AgentError as error:
        return f"{problem} {error} Runs will wait until then.".strip()
    return f"{problem} Generated code runs in {sandbox.name}: {sandbox.status().detail}".strip()


def _made_images(say: Callable[[str], object]) -> str:
    """'' when every image is there or there is no engine, otherwise why one could not be made."""
    if not images.engine_answers():
        return ""
    try:
        for key in sorted({toolchain.image for toolchain in TOOLCHAINS.values()}):
            images.build(key, say)
    except SandboxUnavailable as error:
        return str(error)
    return ""
