"""How long an answer may take and how large it may grow; a stop is heard at every wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from agents.errors import Stopped
from agents.providers.provider_errors import fault

SLICE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes after decoding, and characters of the answer itself.

    A chunk for one token takes some 400 bytes, so that ``size`` is an answer of about 150,000 tokens. Models that think
    may say nothing for minutes first. ``after_end`` is for counts that come after the last word.
    """

    total: float = 300.0
    connect: float = 10.0
    first_token: float = 180.0
    silence: float = 60.0
    after_end: float = 5.0
    size: int = 64 * 1024 * 1024
    characters: int = 2_000_000


class Phase(StrEnum):
    """How far a call has come."""

    CONNECTING = "connecting"
    WAITING = "waiting"
    REFUSED = "refused"
    ANSWERING = "answering"
    ENDED = "ended"


class AnswerOver(Exception):
    """Everything was said; nothing is worth waiting for any more."""


class Watch:
    """One call's clock. Whoever waits calls ``check`` at least every ``SLICE_SECONDS``."""

    def __init__(self, name: str, limits: Limits, stop: Callable[[], bool]) -> None:
        self.name, self.limits, self._stop = name, limits, stop
        self.started = self._since = time.monotonic()
        self._asked = float("-inf")
        self.phase = Phase.CONNECTING

    def enter(self, phase: Phase) -> None:
        """Begin a phase, or begin it again: something came."""
        self.phase, self._since = phase, time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the call has taken."""
        return time.monotonic() - self.started

    def check(self) -> None:
        """Go on or not. Raises Stopped, ProviderError, AnswerOver."""
        now = time.monotonic()
        if now - self._asked >= SLICE_SECONDS:
            self._asked = now
            if self._stop():
                raise Stopped("Stopped at your request.")
        limits, waited = self.limits, now - self._since
        if self.phase is Phase.ENDED and waited > limits.after_end:
            raise AnswerOver
        if now - self.started > limits.total:
            raise fault("never ended", self.name, seconds=limits.total)
        if self.phase is Phase.CONNECTING and waited > limits.connect:
            raise fault("no connection in time", self.name, seconds=limits.connect)
        if self.phase in {Phase.WAITING, Phase.REFUSED} and waited > limits.first_token:
            raise fault("no first word", self.name, seconds=limits.first_token)
        if self.phase is Phase.ANSWERING and waited > limits.silence:
            raise fault("fell silent", self.name, seconds=limits.silence)
