"""An endpoint on this machine with real sockets; each test writes down what it does with a connection."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.providers.base import Message, Reply, Request
from agents.providers.openai_compatible import Limits, OpenAICompatibleProvider
from agents.types import Purpose, Role

# Nothing that the site masks by its look.
KEY = "correct_horse_battery_staple"
QUICK = Limits(connect=20, first_token=20, silence=20, after_end=0.5)
EVENTS = "text/event-stream"
JSON = "application/json"


@dataclass
class Talk:
    """One connection: what was asked, and what is answered."""

    sock: socket.socket
    over: threading.Event
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    gone: threading.Event = field(default_factory=threading.Event)

    def read_request(self) -> None:
        """Read head and body of a request."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.path = first.split(" ")[1]
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(rest) < int(self.headers.get("content-length", 0)):
            rest += self._receive()
        self.body = json.loads(rest) if rest else {}

    def send(self, data: bytes | str) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def head(self, status: int = 200, kind: str = EVENTS, **headers: str) -> None:
        """Send a head; the end of the connection ends the body."""
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.send(f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n")

    def wait(self, seconds: float = 20) -> bool:
        """Wait for the client to hang up; False when it did not."""
        self.sock.settimeout(0.05)
        for _ in range(int(seconds / 0.05)):
            if self.over.is_set():
                return False
            try:
                if not self.sock.recv(4096):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            return False
        self.gone.set()
        return True

    def _receive(self) -> bytes:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        return data


Script = Callable[[Talk], None]


class Endpoint:
    """Follows ``script`` for each connection, or ``scripts`` in turn where there are several."""

    def __init__(self, tls: ssl.SSLContext | None = None, reads: bool = True) -> None:
        self.script: Script = stream(*words("Hello"))
        self.scripts: list[Script] = []
        self.talks: list[Talk] = []
        self._tls, self._reads, self._over = tls, reads, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        """Take no more connections and end the scripts that wait."""
        self._over.set()
        # Closing alone would leave the thread waiting for ever, and the port open with it.
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with sock:
            try:
                secured = self._tls.wrap_socket(sock, server_side=True) if self._tls else sock
                with secured:
                    talk = Talk(secured, self._over)
                    if self._reads:
                        talk.read_request()
                    self.talks.append(talk)
                    (self.scripts.pop(0) if self.scripts else self.script)(talk)
            except OSError:
                return


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of a stream as OpenAI sends it ("Chat completions streaming" of its API reference)."""
    delta = more.pop("delta", {} if content is None else {"content": content})
    choices = more.pop("choices", [{"index": 0, "delta": delta, "finish_reason": finish}])
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": choices, **more}


def words(*texts: str, finish: str = "stop") -> list[dict[str, Any]]:
    """Chunks with text, then one with the reason why it ends."""
    return [*(chunk(text) for text in texts), chunk(None, finish)]


def event(data: object) -> str:
    """An event of a stream."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def stream(*events: object, done: bool = True, **headers: str) -> Script:
    """Stream chunks, or text as it is."""

    def run(talk: Talk) -> None:
        talk.head(**headers)
        for one in events:
            talk.send(one if isinstance(one, str | bytes) else event(one))
        if done:
            talk.send(event("[DONE]"))

    return run


def whole(body: object, status: int = 200, kind: str = JSON, **headers: str) -> Script:
    """Answer at once; text is sent as it is, all else as JSON."""

    def run(talk: Talk) -> None:
        talk.head(status, kind, **headers)
        talk.send(body if isinstance(body, str | bytes) else json.dumps(body))

    return run


def client(
    url: str, key: str = KEY, seconds: float = 60, limits: Limits = QUICK, **more: Any
) -> OpenAICompatibleProvider:
    """A client with small limits."""
    return OpenAICompatibleProvider(
        name="custom", base_url=url, api_key=key, total_seconds=seconds, limits=limits, **more
    )


def question(**more: Any) -> Request:
    """What is asked."""
    messages = (Message("system", "Answer."), Message("user", "What?"))
    return Request(Role.CODER, Purpose.SOURCE, more.pop("model", "m"), messages, max_tokens=100, **more)


def ask(url: str, stop: Callable[[], bool] = lambda: False, **more: Any) -> Reply:
    """One question of a client of its own."""
    return client(url, **more).complete(question(), stop=stop)
