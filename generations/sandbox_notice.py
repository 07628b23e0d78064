"""Whether code can run here, for a notice on the pages."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache

from agents import sandboxes
from agents.errors import AgentError
from generations.wiring import installation

CACHE_SECONDS = 15


def sandbox_problem() -> str:
    """'' when a sandbox can be had, otherwise why not and what to do. Asked of the machine every 15 seconds."""
    known = cache.get("sandbox-problem")
    if known is None:
        try:
            sandboxes.choose(settings.SANDBOX, installation())
            known = ""
        except AgentError as error:
            known = str(error)
        cache.set("sandbox-problem", known, CACHE_SECONDS)
    return str(known)
