"""A model that is asked outside of a run, within the limits that all workers keep to."""

from __future__ import annotations

import time
from collections.abc import Callable

from agents.errors import ProviderError, Stopped
from agents.probing.probe import SHORTEST_ROOM, Probed
from agents.providers.base import ListedModel, Reply, Request
from agents.providers.dialects import Dialect
from agents.providers.limits import Limiter, Permit
from agents.providers.rate_headers import RateLimits
from agents.receipts import CHARACTERS_PER_TOKEN

PATIENCE_SECONDS, LOOK_SECONDS = 5.0, 0.25


class LimitedProvider:
    """Takes a place for each call and gives it back; no place soon is a fault of the kind that the limiter names."""

    uses_ai = True

    def __init__(self, inner: Probed, name: str, limiter: Limiter) -> None:
        self.name = name
        self._inner, self._limiter = inner, limiter

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """The answer. Raises what the provider raises."""
        permit = self._admitted(request, stop)
        tokens: int | None = None
        failed: ProviderError | None = None
        limits: RateLimits | None = None
        try:
            reply = self._inner.complete(request, stop=stop)
            limits = reply.limits
            if reply.prompt_tokens is not None and reply.completion_tokens is not None:
                tokens = reply.prompt_tokens + reply.completion_tokens
        except ProviderError as error:
            failed = error
            raise
        finally:
            self._limiter.leave(permit, tokens=tokens, error=failed, limits=limits)
        return reply

    def dialect_for(self, model: str) -> Dialect:
        """What was learnt about what the endpoint takes for a model."""
        return self._inner.dialect_for(model)

    def list_models(self, *, stop: Callable[[], bool]) -> tuple[ListedModel, ...]:
        """The endpoint's list, which no limit counts."""
        return self._inner.list_models(stop=stop)

    def _admitted(self, request: Request, stop: Callable[[], bool]) -> Permit:
        prompt = sum(len(message.text) for message in request.messages) // CHARACTERS_PER_TOKEN
        tokens, deadline = prompt + min(request.max_tokens, SHORTEST_ROOM), time.monotonic() + PATIENCE_SECONDS
        while True:
            if stop():
                raise Stopped("Stopped at your request.")
            place = self._limiter.enter(self.name, request.model, tokens)
            if isinstance(place, Permit):
                return place
            if time.monotonic() + place.seconds > deadline:
                raise ProviderError(place.reason, retry=True, retry_after=place.seconds, kind=place.kind)
            time.sleep(min(LOOK_SECONDS, place.seconds))
