"""The web server of the previews, as an ASGI application: from a browser over the bridge and back, within limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from django.conf import settings

from generations.previewing.answers import GONE, Answer, page, refusal
from generations.previewing.api_page import asset, first_path, replaced
from generations.previewing.carrying import AT_ONCE, Asked, Carrier, Failed
from generations.previewing.headers import Header, LeadsOut, for_application, for_browser, passes_in
from generations.previewing.passes import ENTER, enter, is_pass, make_pass
from generations.previewing.tenants import Tenant

OWN = "/.preview/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SAFE = frozenset({"GET", "HEAD"})
MAX_TARGET = 8_000
MAX_BODY = 8 * 1024**2
BODY_SECONDS = 30.0

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Landlord(Protocol):
    """Who knows what runs here."""

    def tenant(self, host: str) -> Tenant | None:
        """The application at a host name."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a browser asks for."""

    method: str
    target: str
    headers: list[Header]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def first(self, name: str) -> str:
        """The first header of that name; '' without one."""
        return next((value for known, value in self.headers if known == name), "")


class Refused(Exception):
    """The request goes no further; ``answer`` is what the browser gets."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Gateway:
    """One ASGI application for all previews of this process."""

    def __init__(self, house: Landlord) -> None:
        self._house = house

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except Refused as refused:
            await refused.answer.give(send, head=scope["method"] == "HEAD")

    async def _answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        request = _request(scope)
        tenant = self._house.tenant(_host(request.first("host")))
        if tenant is None:
            raise Refused(GONE)
        if request.path == ENTER:
            await self._enter(tenant, request)
        if not any(is_pass(tenant.host, value) for value in passes_in(request.headers)):
            raise Refused(GONE)
        _check_where_from(request, tenant.origin)
        if request.path.startswith(OWN):
            raise Refused(asset(request.path))
        if tenant.active >= AT_ONCE:
            raise Refused(refusal(503, "Busy", f"More than {AT_ONCE} requests at once.", ("Retry-After", "1")))
        body = await _body(receive)
        tenant.active += 1
        try:
            await self._carry(tenant, request, body, send)
        finally:
            tenant.active -= 1

    async def _enter(self, tenant: Tenant, request: Request) -> None:
        """Exchange an entry for a pass, and send the browser to where the application begins."""
        token = parse_qs(request.target.partition("?")[2]).get("token", [""])[0]
        if request.method != "GET" or not await database_sync_to_async(enter)(tenant.host, token):
            raise Refused(GONE)
        if not tenant.first_path:
            tenant.first_path = await first_path(Carrier(tenant))
        raise Refused(
            Answer(303, (("Location", tenant.first_path), ("Set-Cookie", make_pass(tenant.host))), b"", own=True)
        )

    async def _carry(self, tenant: Tenant, request: Request, body: bytes, send: Send) -> None:
        headers = for_application(request.headers, port=tenant.port, origin=tenant.origin)
        carrier = Carrier(tenant)
        try:
            async with carrier.asked(request.method, request.target, headers, body) as asked:
                if (instead := await replaced(request.path, asked)) is not None:
                    raise Refused(instead)
                await _stream(asked, send)
        except Failed as failed:
            raise Refused(page(failed.status, "No answer", str(failed))) from failed
        except LeadsOut as out:
            text = f"The application leads to {str(out)[:100]}. A preview does not lead out of the application."
            raise Refused(page(502, "This way leads out", text)) from out


async def _stream(asked: Asked, send: Send) -> None:
    """Give an answer on as it comes. After its beginning a failure can only be shown by breaking it off."""
    headers = for_browser(asked.head.headers)
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": asked.head.status, "headers": encoded})
    try:
        async for piece in asked.pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except Failed:
        # The server closes the connection of an answer that was not completed.
        return
    await send({"type": "http.response.body", "body": b""})


def _request(scope: dict[str, Any]) -> Request:
    """What can be carried. Raises Refused."""
    raw, query = scope.get("raw_path") or b"", scope["query_string"]
    target = (raw + (b"?" + query if query else b"")).decode("latin-1")
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    if scope["method"] not in METHODS:
        raise Refused(refusal(405, "Not carried", "A preview does not carry this kind of request."))
    if not target.startswith("/") or not target.isascii() or not target.isprintable() or " " in target:
        raise Refused(refusal(400, "Not carried", "This is no address within an application."))
    if len(target) > MAX_TARGET:
        raise Refused(refusal(414, "Too long", "The address is too long."))
    return Request(scope["method"], target, headers)


def _host(given: str) -> str:
    """The preview's name in a Host header; '' for anything that is no address of a preview."""
    domain = settings.PREVIEW_ORIGIN.partition("://")[2].partition(":")[0]
    found = re.fullmatch(rf"([0-9a-f]{{32}})\.{re.escape(domain)}(?::[0-9]{{1,5}})?", given.lower())
    return found[1] if found else ""


def _check_where_from(request: Request, origin: str) -> None:
    """Refuse what another site's page asks for, and scripts that would outlive the preview. Raises Refused."""
    site, mode = request.first("sec-fetch-site"), request.first("sec-fetch-mode")
    own = request.first("origin") in ("", origin)
    visit = request.method == "GET" and mode == "navigate" and request.first("sec-fetch-dest") == "document"
    if request.method not in SAFE and not own:
        raise Refused(GONE)
    if site in ("cross-site", "same-site") and not visit:
        raise Refused(GONE)
    if request.first("service-worker"):
        raise Refused(refusal(403, "Not carried", "Service workers would outlive a preview, so they are not given."))


async def _body(receive: Receive) -> bytes:
    """The whole body of a request. Raises Refused."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False) and message["type"] == "http.request"
                if len(body) > MAX_BODY:
                    raise Refused(refusal(413, "Too large", f"More than {MAX_BODY >> 20} MiB were sent."))
    except TimeoutError as error:
        raise Refused(refusal(408, "Too slow", "The request took too long to come.")) from error
    return bytes(body)
