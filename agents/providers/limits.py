"""Whether a model may be asked now: what a call asks before it is made, and tells afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from agents.errors import ProviderError
from agents.providers.rate_headers import RateLimits


@runtime_checkable
class Counted(Protocol):
    """A provider whose calls are limited for all who use the same key."""

    @property
    def account(self) -> str:
        """A digest of address and key."""


@dataclass(frozen=True, slots=True)
class Permit:
    """A place for one call, to be given back with ``Limiter.leave``."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class NotYet:
    """No place now; after about ``seconds`` there may be one. ``kind`` is that of a ProviderError: 'rate' or 'busy'."""

    seconds: float
    reason: str
    kind: str = "rate"


class Limiter(Protocol):
    """Keeps the calls of all workers within what each key allows. Safe from any thread."""

    def enter(self, provider: str, model: str, tokens: int) -> Permit | NotYet:
        """Take a place for a call that may need so many tokens, prompt and answer."""

    def leave(
        self,
        permit: Permit,
        *,
        tokens: int | None = None,
        error: ProviderError | None = None,
        limits: RateLimits | None = None,
    ) -> None:
        """Give the place back: what the call took (None: unknown), or how it failed, and what its answer allows."""

    def inside(self) -> int:
        """How many places this run holds now."""


class NoLimits:
    """There is always a place."""

    def enter(self, provider: str, model: str, tokens: int) -> Permit | NotYet:
        """A place."""
        return Permit()

    def leave(
        self,
        permit: Permit,
        *,
        tokens: int | None = None,
        error: ProviderError | None = None,
        limits: RateLimits | None = None,
    ) -> None:
        """Nothing is counted."""

    def inside(self) -> int:
        """Nothing is counted."""
        return 0
