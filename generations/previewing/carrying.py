"""One request over the bridge, from the web server's event loop: the answer piece by piece, within limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents.execution.bridging import End, Head, Part, Piece
from generations.previewing.headers import Header, for_application
from generations.previewing.tenants import Tenant

AT_ONCE = 12
HEAD_SECONDS = 30.0
WHOLE_SECONDS = 120.0
MAX_ANSWER = 20 * 1024**2
# 1xx answers, of which 101 would make the connection something else.
FIRST_STATUS = 200


class Failed(Exception):
    """No whole answer came; the message is for the person at the browser."""

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


class Asked:
    """An answer that has begun."""

    def __init__(self, head: Head, pieces: AsyncIterator[bytes]) -> None:
        self.head = head
        self._pieces = pieces

    def pieces(self) -> AsyncIterator[bytes]:
        """Its body. Raises Failed."""
        return self._pieces

    def again(self, body: bytes) -> None:
        """Let a body that was read be read once more."""

        async def pieces() -> AsyncIterator[bytes]:
            yield body

        self._pieces = pieces()

    async def whole(self, limit: int) -> bytes:
        """The body of a small answer. Raises Failed."""
        body = bytearray()
        async for piece in self._pieces:
            body += piece
            if len(body) > limit:
                raise Failed("The answer is too large.")
        return bytes(body)


class Carrier:
    """Asks one application."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._bridge = tenant.bridge

    def own_headers(self, accept: str) -> list[Header]:
        """The headers of a request that no browser sent."""
        return for_application([("accept", accept)], port=self._tenant.port, origin=self._tenant.origin)

    def probes(self) -> list[str]:
        """The paths that the plan probes by a GET request."""
        commands = self._tenant.commands
        probes = commands.probes if commands else ()
        return [probe.path for probe in probes if probe.method == "GET" and probe.expect < 400]

    @asynccontextmanager
    async def asked(self, method: str, target: str, headers: list[Header], body: bytes = b"") -> AsyncIterator[Asked]:
        """Send a request and wait for the beginning of its answer. Raises Failed.

        However this ends, the application's own work on it is given up.
        """
        loop = asyncio.get_running_loop()
        parts: asyncio.Queue[Part] = asyncio.Queue()

        def tell(part: Part) -> None:
            loop.call_soon_threadsafe(parts.put_nowait, part)

        self._tenant.used = time.monotonic()
        number = self._bridge.ask(method, target, headers, body, tell)
        try:
            head = await _within(parts, HEAD_SECONDS)
            if isinstance(head, End):
                raise Failed(head.problem or "It gave no answer.")
            if not isinstance(head, Head) or head.status < FIRST_STATUS:
                raise Failed("It wanted to speak something else than HTTP, which a preview does not carry.")
            yield Asked(head, self._pieces(number, parts))
        finally:
            self._bridge.forget(number)
            self._tenant.used = time.monotonic()

    async def _pieces(self, number: int, parts: asyncio.Queue[Part]) -> AsyncIterator[bytes]:
        until, size = time.monotonic() + WHOLE_SECONDS, 0
        while not isinstance(part := await _within(parts, until - time.monotonic()), End):
            content = part.content if isinstance(part, Piece) else b""
            size += len(content)
            if size > MAX_ANSWER:
                raise Failed(f"The answer is larger than {MAX_ANSWER >> 20} MiB.")
            yield content
            self._bridge.taken(number, len(content))
        if part.problem:
            raise Failed(part.problem)


async def _within(parts: asyncio.Queue[Part], seconds: float) -> Part:
    """The next part. Raises Failed when none comes in that time."""
    try:
        async with asyncio.timeout(seconds):
            return await parts.get()
    except TimeoutError as error:
        raise Failed("The application took too long to answer.", 504) from error
