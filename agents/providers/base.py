"""The protocol that every model provider follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agents.providers.rate_headers import RateLimits
from agents.types import Purpose, Role

Finish = Literal["stop", "length", "filter", "unknown"]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``images`` are data URLs and only given to vision models."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[str, ...] = ()


@dataclass(slots=True)
class Usage:
    """What a call has taken so far. Its provider keeps it up to date, so that answers that break off are counted too.

    The counts are the endpoint's own, None while it has told none. ``characters`` came of the answer and its thoughts,
    ``uncounted`` of them after the last counts. ``accepted``: the endpoint was at work on the answer, so that it may
    bill for it even if nothing came.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    characters: int = 0
    uncounted: int = 0
    accepted: bool = False

    def took(self, characters: int) -> None:
        """So many more characters came."""
        self.characters += characters
        self.uncounted += characters


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    ``data`` holds the same named blocks that the template put into the messages (description,
    requirements, plan, path, nonce, …), for providers that work on facts instead of prose.
    """

    role: Role
    purpose: Purpose
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.2
    json_schema: Mapping[str, object] | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    on_text: Callable[[str], None] | None = None
    """Called with each piece of a streamed answer, in the thread that asks."""
    usage: Usage = field(default_factory=Usage, compare=False)
    """Where the provider keeps what this call takes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. Unknown counts are None, never 0. ``finish`` 'length' means cut."""

    text: str
    finish: Finish
    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0
    limits: RateLimits | None = None


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model of a list. None where the list says nothing; prices are US dollars per million tokens."""

    name: str
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    prompt_price: float | None = None
    completion_price: float | None = None


class Provider(Protocol):
    """Answers requests. Thread-safe: independent files are asked for in parallel."""

    name: str
    uses_ai: bool

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """Answer one request.

        ``stop`` is polled at least every second; when it answers True, Stopped is raised.
        Raises ProviderError (with ``retry`` set where trying again can help), NotUnderstood.
        """
