"""What an endpoint takes in a request, learnt from what it refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from agents.providers.base import Message, Request

OPTIONAL = ("stream_options", "temperature", "response_format")
SHORT, LONG = "max_tokens", "max_completion_tokens"
UNSUPPORTED = re.compile(
    r"unsupported|not support|n't support|unrecognized|unknown|unexpected|not permitted|extra_forbidden|not allowed"
    r"|unavailable|only \S+ is allowed|deprecated|must be 'json_schema'|use 'max_completion_tokens'"
)
CEILINGS = (
    re.compile(r"supports at most (\d{1,9}) completion tokens"),
    re.compile(r"range of max_(?:completion_)?tokens should be \[\d+, ?(\d{1,9})\]"),
    re.compile(r"max_tokens: \d+ > (\d{1,9})"),
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Parameters that an endpoint does not know, and the longest answer that its model gives."""

    refused: frozenset[str] = frozenset()
    ceiling: int | None = None

    def arguments(self, request: Request) -> dict[str, Any]:
        """What is sent."""
        arguments: dict[str, Any] = {
            "model": request.model,
            "messages": [_message(one) for one in request.messages],
            LONG if SHORT in self.refused else SHORT: min(request.max_tokens, self.ceiling or request.max_tokens),
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.json_schema is not None:
            schema = {"name": request.purpose.value, "schema": dict(request.json_schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {name: value for name, value in arguments.items() if name not in self.refused}

    def after(self, words: str, sent: dict[str, Any]) -> Dialect | None:
        """The dialect for another try after an error with these words; None when they name nothing that can change."""
        ceiling = next((int(found[1]) for pattern in CEILINGS if (found := pattern.search(words))), None)
        if ceiling and ceiling < sent.get(SHORT, sent.get(LONG, 0)):
            return replace(self, ceiling=ceiling)
        if not UNSUPPORTED.search(words):
            return None
        changeable = (*OPTIONAL, SHORT)
        named = [name for name in changeable if name in sent and re.search(rf"\b{name}\b", words)]
        return replace(self, refused=self.refused | {named[0]}) if named else None


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    images = [{"type": "image_url", "image_url": {"url": url}} for url in message.images]
    return {"role": message.role, "content": [{"type": "text", "text": message.text}, *images]}
