"""How much an endpoint allows, as the headers of an answer say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What is allowed in the endpoint's own window, and what is left of it; None where nothing is said."""

    requests: int | None = None
    requests_left: int | None = None
    tokens: int | None = None
    tokens_left: int | None = None

    def __str__(self) -> str:
        parts = [(self.requests, self.requests_left, "requests"), (self.tokens, self.tokens_left, "tokens")]
        return "; ".join(
            f"{allowed:,} {what}" + ("" if left is None else f", {left:,} left")
            for allowed, left, what in parts
            if allowed is not None
        )


# OpenAI, "Rate limits", which Anthropic's compatible endpoint keeps to; OpenRouter, "Limits"; Anthropic, "Rate limits".
NAMES = {
    "requests": ("x-ratelimit-limit-requests", "x-ratelimit-limit", "anthropic-ratelimit-requests-limit"),
    "requests_left": (
        "x-ratelimit-remaining-requests", "x-ratelimit-remaining", "anthropic-ratelimit-requests-remaining",
    ),
    "tokens": ("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"),
    "tokens_left": ("x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"),
}  # fmt: skip


def limits_in(headers: Mapping[str, str]) -> RateLimits | None:
    """The limits that headers name; None where they name none."""
    found = {
        what: next((size for name in names if (size := _count(headers.get(name, ""))) is not None), None)
        for what, names in NAMES.items()
    }
    return None if found["requests"] is None and found["tokens"] is None else RateLimits(**found)


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 13 else None
