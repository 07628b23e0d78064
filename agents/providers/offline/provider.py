"""The provider that needs no key: it answers every request from blueprints, in the format that models must use."""

from __future__ import annotations

import time
from collections.abc import Callable

from agents.errors import Stopped
from agents.providers.base import Reply, Request
from agents.providers.offline.answers import answer

MODEL = "blueprints"


class OfflineProvider:
    """Holds no state: each request is answered from its own data alone, so threads may share it."""

    name = "offline"
    uses_ai = False

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """Answer one request at once; no model is asked, so tokens and cost are truly 0.

        Raises NotUnderstood for a description that no blueprint covers, Stopped when asked to stop.
        """
        if stop():
            raise Stopped("The run was stopped.")
        start = time.perf_counter()
        text = answer(request)
        return Reply(
            text=text,
            finish="stop",
            model=MODEL,
            prompt_tokens=0,
            completion_tokens=0,
            cost_usd=0.0,
            seconds=time.perf_counter() - start,
        )
