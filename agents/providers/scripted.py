"""A provider that answers from a function: for tests, and to replay recorded answers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from agents.errors import Stopped
from agents.providers.base import Reply, Request


class ScriptedProvider:
    """Asks ``answer`` for each request; a text becomes a finished reply. Keeps all requests in ``requests``."""

    name = "scripted"

    def __init__(self, answer: Callable[[Request], str | Reply], *, uses_ai: bool = False) -> None:
        self.uses_ai = uses_ai
        self.requests: list[Request] = []
        self._answer = answer
        self._lock = threading.Lock()

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """The scripted answer; whatever ``answer`` raises goes through."""
        if stop():
            raise Stopped("Stopped at your request.")
        with self._lock:
            self.requests.append(request)
        found = self._answer(request)
        if isinstance(found, Reply):
            return found
        prompt = sum(len(message.text) for message in request.messages) // 4
        return Reply(found, "stop", request.model, prompt, len(found) // 4)
