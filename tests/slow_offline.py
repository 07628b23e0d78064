"""The offline provider, slowed down so that a test can interrupt a run in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable

from agents.errors import Stopped
from agents.providers.base import Reply, Request
from agents.providers.offline.provider import OfflineProvider

SECONDS = 0.4


class SlowOfflineProvider(OfflineProvider):
    """Waits before each answer, as a model would."""

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """Answer like the offline provider, later."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if stop():
                raise Stopped(request.purpose)
            time.sleep(0.02)
        return super().complete(request, stop=stop)
