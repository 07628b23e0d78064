"""Answers of our own at a preview's address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html

from generations.previewing.headers import ALWAYS, OWN_POLICY, Header

Send = Callable[[dict[str, Any]], Awaitable[None]]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{}</title>
</head><body><h1>{}</h1><p>{}</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A small answer. The headers that go with everything are added; ``own`` pages load from their origin only."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    own: bool = True

    async def give(self, send: Send, *, head: bool = False) -> None:
        """Send it; for a HEAD request without its body."""
        headers = [*self.headers, *ALWAYS, ("Content-Security-Policy", OWN_POLICY), ("Cache-Control", "no-store")]
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        await send({"type": "http.response.body", "body": b"" if head else self.body})


def page(status: int, title: str, text: str, *headers: Header) -> Answer:
    """A page that says something."""
    html = format_html(PAGE, title, title, text)
    return Answer(status, (("Content-Type", "text/html; charset=utf-8"), *headers), html.encode("utf-8", "replace"))


refusal = page
# The same for what never was, what has ended, and what somebody may not see.
GONE = page(
    404, "No preview here", "There is no preview at this address, or its pass has run out. Open it from its run's page."
)
