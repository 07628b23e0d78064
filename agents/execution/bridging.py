"""The host's end of the bridge to a server in a sandbox. All that comes over it is an untrusted program's word."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from pydantic import Field, ValidationError

from agents.condense import tail
from agents.errors import AgentError, Stopped
from agents.execution.checking import Application
from agents.plan import Value
from agents.sandboxes.base import Command, SandboxSession
from agents.sandboxes.output import clean

PROGRAM = (Path(__file__).parent / "bridge.py").read_text()
WINDOW = 1 << 18
MAX_FRAME = 1 << 16
BODY_PIECE = 1 << 15
START_SECONDS = 30.0
CLOSE_SECONDS = 5.0
KEPT_OUTPUT = 3_000
# What may come for requests that nobody waits for any more.
STRAY_BYTES = 1 << 17
BROKEN = "The application spoke to the dashboard in a way that no application does, and was ended."


class Ended(AgentError):
    """The application does not listen (any more); says why, with the end of what it printed."""


class Head(Value):
    """The first lines of an answer."""

    status: int = Field(ge=100, le=599)
    headers: tuple[tuple[str, str], ...] = Field(max_length=100)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of an answer's body."""

    content: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The answer is whole, or, with a ``problem``, will never be."""

    problem: str = ""


Part = Head | Piece | End


class _Told(Value):
    listening: bool
    exit: int | None
    output: str


@dataclass
class _Exchange:
    tell: Callable[[Part], None]
    headed: bool = False
    pending: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Bridge:
    """One conversation with the program in the sandbox; any thread may ask for something."""

    def __init__(self) -> None:
        self._source, self._sink = os.pipe()
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        self._lock = threading.Lock()
        self._exchanges: dict[int, _Exchange] = {}
        self._number = 0
        self._stray = STRAY_BYTES
        self._buffer = bytearray()
        self._broken = ""
        self._started: Callable[[], None] = lambda: None

    def serve(
        self,
        session: SandboxSession,
        application: Application,
        seconds: float,
        *,
        started: Callable[[], None],
        stop: Callable[[], bool],
    ) -> None:
        """Start the application's server and carry requests to it; ``started`` is called when it listens.

        Always ends by an error: Stopped, Ended or SandboxFailure.
        """
        commands = application.commands
        order = {"start": commands.start, "port": commands.port, "seconds": START_SECONDS}
        self._started = started
        self._send(b"S", 0, json.dumps(order).encode())
        writer = threading.Thread(target=self._write, name="bridge", daemon=True)
        writer.start()
        command = Command(("python3", "-c", PROGRAM), seconds, environment=application.toolchain.environment)
        try:
            session.converse(command, self._source, self._take, stop=lambda: stop() or bool(self._broken))
        except Stopped:
            if not self._broken:
                raise
        finally:
            self._close(writer)
        raise Ended(self._broken or "The application ended.")

    def ask(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes,
        tell: Callable[[Part], None],
    ) -> int:
        """Send a request; the parts of its answer come to ``tell``, from another thread, an End last. Gives its number.

        Whoever takes a Piece must say so with ``taken``.
        """
        with self._lock:
            self._number += 1
            number = self._number
            self._exchanges[number] = _Exchange(tell)
        order = {"method": method, "target": target, "headers": headers}
        self._send(b"Q", number, json.dumps(order).encode())
        for start in range(0, len(body), BODY_PIECE):
            self._send(b"D", number, body[start : start + BODY_PIECE])
        self._send(b"D", number)
        if self._broken:
            self._finish(number, End(self._broken))
        return number

    def taken(self, number: int, count: int) -> None:
        """So many bytes of an answer were given on; as many more may come."""
        exchange = self._exchanges.get(number)
        if exchange is not None:
            with exchange.lock:
                exchange.pending -= count
            self._send(b"A", number, count.to_bytes(4, "big"))

    def forget(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        with self._lock:
            if self._exchanges.pop(number, None) is not None:
                self._stray += WINDOW + MAX_FRAME
                self._send(b"C", number)

    def _send(self, kind: bytes, number: int, payload: bytes = b"") -> None:
        self._waiting.put(kind + number.to_bytes(4, "big") + len(payload).to_bytes(4, "big") + payload)

    def _write(self) -> None:
        """Give frames on; a program that does not read them must keep nobody waiting."""
        with suppress(OSError):
            while frame := self._waiting.get():
                rest = memoryview(frame)
                while rest:
                    rest = rest[os.write(self._sink, rest) :]
        os.close(self._sink)

    def _close(self, writer: threading.Thread) -> None:
        """No more comes: end the threads, and let nobody wait for an answer."""
        self._broken = self._broken or "The application ended."
        self._waiting.put(b"")
        os.close(self._source)
        writer.join(CLOSE_SECONDS)
        for number in list(self._exchanges):
            self._finish(number, End(self._broken))

    def _take(self, chunk: bytes) -> None:
        """Bytes from the sandbox, cut anywhere."""
        if self._broken:
            return
        self._buffer += chunk
        while len(self._buffer) >= 9 and not self._broken:
            size = 9 + int.from_bytes(self._buffer[5:9], "big")
            if size > 9 + MAX_FRAME:
                self._broken = BROKEN
            if len(self._buffer) < size:
                return
            kind, number = bytes(self._buffer[:1]), int.from_bytes(self._buffer[1:5], "big")
            payload = bytes(self._buffer[9:size])
            del self._buffer[:size]
            self._understand(kind, number, payload)

    def _understand(self, kind: bytes, number: int, payload: bytes) -> None:
        exchange = self._exchanges.get(number)
        if kind == b"U" and number == 0:
            self._hear(payload)
        elif exchange is None:
            self._stray -= 9 + len(payload)
            if self._stray < 0:
                self._broken = BROKEN
        elif kind == b"H" and not exchange.headed:
            exchange.headed = True
            self._head(number, exchange, payload)
        elif kind == b"D" and exchange.headed and payload:
            self._piece(exchange, payload)
        elif kind == b"D" and exchange.headed:
            self._finish(number, End())
        elif kind == b"E":
            self._finish(number, End(clean(payload.decode("utf-8", "replace"))[:400] or "It gave no answer."))
        else:
            self._broken = BROKEN

    def _head(self, number: int, exchange: _Exchange, payload: bytes) -> None:
        try:
            exchange.tell(Head.model_validate_json(payload))
        except ValidationError:
            self.forget(number)
            exchange.tell(End("Its answer began in a way that is no answer."))

    def _piece(self, exchange: _Exchange, payload: bytes) -> None:
        with exchange.lock:
            exchange.pending += len(payload)
            if exchange.pending > WINDOW:
                # It does not wait until there is room; that could fill the memory here.
                self._broken = BROKEN
                return
        exchange.tell(Piece(payload))

    def _finish(self, number: int, end: End) -> None:
        with self._lock:
            exchange = self._exchanges.pop(number, None)
        if exchange is not None:
            exchange.tell(end)

    def _hear(self, payload: bytes) -> None:
        """What the program says of the server."""
        try:
            told = _Told.model_validate_json(payload)
        except ValidationError:
            self._broken = BROKEN
            return
        if told.listening:
            self._started()
            return
        how = "nothing listened there" if told.exit is None else f"it ended with exit code {told.exit}"
        printed = tail(clean(told.output).strip(), KEPT_OUTPUT)
        self._broken = f"The application does not answer on its port: {how}.\n{printed}".strip()
