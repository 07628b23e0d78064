"""The HTTP client below the openai package: one connection for one call, watched at every wait.

Nothing of the environment counts: no proxies, no headers or keys of the SDK's variables, no certificate files.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TypeVar

import httpcore2
import httpx2

from agents.providers.addresses import Place, check_form, check_public, look_up
from agents.providers.http_limits import SLICE_SECONDS, Phase, Watch
from agents.providers.provider_errors import fault

T = TypeVar("T")
MOST_OF_AN_ERROR = 64 * 1024
TAIL = 64
NEEDED = (b"content-type", b"retry-after", b"x-ratelimit-", b"anthropic-ratelimit-")
# Their debug lines hold the headers that a server sends, and a server may send the key back.
logging.getLogger("httpcore2").setLevel(logging.INFO)


@cache
def tls() -> ssl.SSLContext:
    """The system's trusted certificates; verification has no switch."""
    return httpx2.create_ssl_context(trust_env=False)


class Line(httpcore2.NetworkStream):
    """A socket that never blocks for longer than the watch allows."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._sock, self._watch = sock, watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Raises what ``Watch.check`` raises, and ReadError."""
        try:
            return self._patiently(partial(self._sock.recv, max_bytes), selectors.EVENT_READ)
        except OSError as error:
            raise httpcore2.ReadError(type(error).__name__) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises what ``Watch.check`` raises, and WriteError, after which httpcore still reads what was answered."""
        if self._watch.phase is Phase.CONNECTING:
            self._watch.enter(Phase.WAITING)
        rest = memoryview(buffer)
        try:
            while rest:
                rest = rest[self._patiently(partial(self._sock.send, rest), selectors.EVENT_WRITE) :]
        except OSError as error:
            raise httpcore2.WriteError(type(error).__name__) from None

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Line:
        """Raises ProviderError where the certificate is not valid for the host."""
        try:
            secured = ssl_context.wrap_socket(
                self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            self._sock = secured
            self._patiently(secured.do_handshake, selectors.EVENT_READ)
        except ssl.SSLCertVerificationError:
            raise fault("certificate", self._watch.name) from None
        except (ssl.SSLEOFError, ConnectionError):
            raise fault("no connection", self._watch.name) from None
        except (OSError, ValueError):
            raise fault("no tls", self._watch.name) from None
        return self

    def get_extra_info(self, info: str) -> object:
        """The TLS connection, which httpcore asks for its protocol."""
        return self._sock if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket) else None

    def _patiently(self, operation: Callable[[], T], event: int) -> T:
        while True:
            self._watch.check()
            try:
                return operation()
            except ssl.SSLWantWriteError:
                wait_for(self._sock, selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                wait_for(self._sock, selectors.EVENT_READ)
            except BlockingIOError:
                wait_for(self._sock, event)


def wait_for(sock: socket.socket, event: int) -> bool:
    """Wait for a socket, but not for long."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        return bool(selector.select(SLICE_SECONDS))


@dataclass
class Dialler(httpcore2.NetworkBackend):
    """Looks names up, judges the addresses where that is asked for, and connects to just those."""

    watch: Watch
    public_only: bool = False
    allowed_hosts: Collection[str] = ()
    lines: list[Line] = field(default_factory=list)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[object] | None = None,
    ) -> Line:
        """Raises ProviderError and what ``Watch.check`` raises."""
        self.watch.enter(Phase.CONNECTING)
        place = Place(host, port)
        judged = self.public_only and not place.allowed(self.allowed_hosts)
        if judged:
            check_form(place, self.watch.name)
        found = look_up(place, self.watch)
        if judged:
            check_public([address for _, (address, _) in found], self.watch.name)
        patience = self.watch.limits.connect / max(1, len(found))
        for family, address in found:
            line = self._dial(family, address, time.monotonic() + patience)
            if line is not None:
                self.lines.append(line)
                return line
        raise fault("no connection", self.watch.name)

    def _dial(self, family: socket.AddressFamily, address: tuple[str, int], deadline: float) -> Line | None:
        with ExitStack() as stack:
            try:
                sock = stack.enter_context(closing(socket.socket(family, socket.SOCK_STREAM)))
                sock.settimeout(0)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                problem = sock.connect_ex(address)
            except OSError:
                return None
            while problem in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
                self.watch.check()
                if wait_for(sock, selectors.EVENT_WRITE):
                    problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                elif time.monotonic() > deadline:
                    return None
            if problem:
                return None
            stack.pop_all()
            return Line(sock, self.watch)


class Body(httpx2.SyncByteStream):
    """The decoded bytes of an answer, counted. Keeps them for as long as they made no event: they may be no stream."""

    def __init__(self, inner: httpx2.Response, watch: Watch) -> None:
        self._inner, self._watch = inner, watch
        self.kept: bytearray | None = bytearray()
        self.tail = b""
        self.ended = False

    def __iter__(self) -> Iterator[bytes]:
        failed, size = self._inner.status_code >= 300, 0
        for piece in self._inner.iter_bytes():
            self._watch.check()
            size += len(piece)
            if failed and size > MOST_OF_AN_ERROR:
                break
            if size > self._watch.limits.size:
                raise fault("endless", self._watch.name)
            self.tail = (self.tail + piece)[-TAIL:]
            if self.kept is not None:
                self.kept += piece
            yield piece
        self.ended = True
        if not failed:
            # Some leave out the empty line that ends the last event.
            yield b"\n\n"

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


class Transport(httpx2.BaseTransport):
    """Sends one request with headers of our own choice; the SDK never sees the key."""

    def __init__(self, dialler: Dialler, key: str) -> None:
        self._dialler, self._key = dialler, key
        self._pool = httpcore2.ConnectionPool(ssl_context=tls(), network_backend=dialler, retries=0)
        self.body = Body(httpx2.Response(200), dialler.watch)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises ProviderError, httpcore's errors, and what ``Watch.check`` raises."""
        content = request.read()
        headers: dict[bytes | str, bytes | str] = {
            "Host": request.url.netloc.decode("ascii"),
            "User-Agent": "Autocoder",
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if request.method == "POST":
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method.encode("ascii"),
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=headers,
                content=content,
            )
        )
        if answer.status >= 300:
            self._dialler.watch.phase = Phase.REFUSED
        raw = httpx2.Response(answer.status, headers=answer.headers, stream=_Raw(answer))
        self.body = Body(raw, self._dialler.watch)
        # Without the reason phrase and all other headers: libraries log them, and they may hold the key.
        said = [(key, value) for key, value in answer.headers if key.lower().startswith(NEEDED)]
        return httpx2.Response(answer.status, headers=said, stream=self.body)

    def close(self) -> None:
        """Leave no socket behind."""
        self._pool.close()
        for line in self._dialler.lines:
            line.close()


class _Raw(httpx2.SyncByteStream):
    """What httpcore reads, as httpx wants it."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
