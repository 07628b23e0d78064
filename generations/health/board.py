"""Asks each part in a thread of its own, remembers the answers for a few seconds, and waits for no dead part."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache

from django.db import Error, connection

from generations.health.parts import READINESS, Part

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
WAIT_SECONDS = 2.0
SILENT = "It has not answered within {:.0f} s."
SILENT_REMEDY = "See whether it hangs; it is asked again as soon as it answers or gives up."


class Board:
    """The newest answer of each part. One thread a part at most, however many ask and however long a part hangs."""

    def __init__(self, parts: Mapping[str, Callable[[], Part]]) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._asking: dict[str, _Asking] = {}
        self._read: tuple[float, dict[str, Part]] | None = None

    def read(self) -> dict[str, Part]:
        """Every part by its name, at most a few seconds old; takes at most two seconds."""
        with self._lock:
            if self._read is None or time.monotonic() - self._read[0] > FRESH_SECONDS:
                found = self._ask()
                self._tell_changes(found)
                self._read = (time.monotonic(), found)
            return self._read[1]

    def _tell_changes(self, found: dict[str, Part]) -> None:
        for name, part in found.items():
            if part.ok != (self._read is None or self._read[1][name].ok):
                logger.warning("%s %s. %s", name, "works again" if part.ok else "does not work", part.detail)

    def _ask(self) -> dict[str, Part]:
        for name, ask in self._parts.items():
            if name not in self._asking or not self._asking[name].is_alive():
                self._asking[name] = _Asking(ask)
                self._asking[name].start()
        until = time.monotonic() + WAIT_SECONDS
        for asking in self._asking.values():
            asking.join(max(0.0, until - time.monotonic()))
        return {name: self._asking[name].answer() for name in self._parts}


class _Asking(threading.Thread):
    """Asks one part once."""

    def __init__(self, ask: Callable[[], Part]) -> None:
        super().__init__(name=f"health of {ask.__name__}", daemon=True)
        self._ask = ask
        self._part: Part | None = None

    def run(self) -> None:
        try:
            self._part = self._ask()
        except (Error, OSError) as error:
            self._part = Part(ok=False, detail=f"It could not be looked at: {error}.", remedy="See the site's log.")
            logger.warning("%s: %s", self.name, error)
        finally:
            connection.close()

    def answer(self) -> Part:
        """What the part said, or that it is silent."""
        return self._part or Part(ok=False, detail=SILENT.format(WAIT_SECONDS), remedy=SILENT_REMEDY)


@cache
def board() -> Board:
    """The one of this process."""
    return Board(READINESS)
