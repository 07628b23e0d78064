"""How much an endpoint allows, as the headers of an answer say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.providers.waiting_times import reset_seconds


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What is allowed in the endpoint's own window, what is left of it, and in how many seconds it begins anew.

    None where nothing is said.
    """

    requests: int | None = None
    requests_left: int | None = None
    tokens: int | None = None
    tokens_left: int | None = None
    requests_reset: float | None = None
    tokens_reset: float | None = None

    def __str__(self) -> str:
        parts = [(self.requests, self.requests_left, "requests"), (self.tokens, self.tokens_left, "tokens")]
        return "; ".join(words for words in (_in_words(*part) for part in parts) if words)

    def pause(self, tokens: int) -> float | None:
        """Seconds until one more call of so many tokens is taken; None where it is taken now, as far as is said."""
        waits = (
            self.requests_reset if self.requests_left == 0 else None,
            self.tokens_reset if self.tokens_left is not None and self.tokens_left < tokens else None,
        )
        return max((wait for wait in waits if wait), default=None)


# OpenAI, "Rate limits", which Anthropic's compatible endpoint keeps to; OpenRouter, "Limits"; Anthropic, "Rate limits".
NAMES = {
    "requests": ("x-ratelimit-limit-requests", "x-ratelimit-limit", "anthropic-ratelimit-requests-limit"),
    "requests_left": (
        "x-ratelimit-remaining-requests", "x-ratelimit-remaining", "anthropic-ratelimit-requests-remaining",
    ),
    "tokens": ("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"),
    "tokens_left": ("x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"),
}  # fmt: skip
RESETS = {
    "requests": ("x-ratelimit-reset-requests", "x-ratelimit-reset", "anthropic-ratelimit-requests-reset"),
    "tokens": ("x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"),
}


def limits_in(headers: Mapping[str, str]) -> RateLimits | None:
    """The limits that headers name; None where they name none."""
    found = {
        what: next((size for name in names if (size := _count(headers.get(name, ""))) is not None), None)
        for what, names in NAMES.items()
    }
    if all(size is None for size in found.values()):
        return None
    return RateLimits(**found, requests_reset=_reset("requests", headers), tokens_reset=_reset("tokens", headers))


def _reset(what: str, headers: Mapping[str, str]) -> float | None:
    waits = (reset_seconds(headers.get(name, "").strip()) for name in RESETS[what])
    return next((wait for wait in waits if wait is not None), None)


def _in_words(allowed: int | None, left: int | None, what: str) -> str:
    if allowed is None:
        return "" if left is None else f"{left:,} {what} left"
    return f"{allowed:,} {what}" + ("" if left is None else f", {left:,} left")


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 13 else None
