"""Answers that a real model gave once, given again: by purpose, in their order, with the markers of the new run."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

from agents.providers.base import Request

FOLDER = Path(__file__).parent / "replays"
NONCE = "%NONCE%"


class Replay:
    """A recorded run: {"prompt", "change"?, "base"?, "calls": [{"purpose", "reply"}]}."""

    def __init__(self, name: str) -> None:
        self.recorded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        self._left: list[dict[str, str]] = list(self.recorded["calls"])
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> str:
        with self._lock:
            calls = self._fitting(request)
            for call in calls:
                self._left.remove(call)
        # A model that was asked for files one by one is here asked for some of them together, or the other way round.
        return "\n".join(call["reply"] for call in calls).replace(NONCE, request.data["nonce"])

    @property
    def left(self) -> list[str]:
        """Purposes of the answers that nobody asked for."""
        return [call["purpose"] for call in self._left]

    def _fitting(self, request: Request) -> list[dict[str, str]]:
        """The answers of this purpose that hold the asked files; without files the first of its purpose."""
        same = [call for call in self._left if call["purpose"] == request.purpose]
        paths = json.loads(request.data.get("paths") or "[]")
        holding = [c for c in same if any(re.search(rf"<<<FILE {NONCE} {re.escape(p)}[ >]", c["reply"]) for p in paths)]
        return holding or same[:1]
