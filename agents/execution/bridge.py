"""Runs inside the sandbox: starts a server, carries requests to it and its answers back. Standard library only.

It talks in frames over standard input and output: a letter, the number of the request, the length of the payload (four
bytes each, big endian), the payload.

    host:  S start {"start", "port", "seconds"}      Q request {"method", "target", "headers": [[name, value]]}
           D a piece of its body (empty: the end)    A so many bytes of the answer were taken    C forget the request
    here:  U the server is {"listening": bool, "exit": int | null, "output": str}, once after the start and at its end
           H answer {"status", "headers"}    D a piece of its body (empty: the end)    E it failed: a sentence
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import IO, Any

OUTPUT = 20_000
CHUNK = 1 << 15
# So many bytes of an answer may be on their way to the host.
WINDOW = 1 << 18
SILENT_SECONDS = 60.0

writing = threading.Lock()


def send(kind: bytes, number: int, payload: bytes = b"") -> None:
    """Give the host a whole frame."""
    frame = memoryview(kind + number.to_bytes(4, "big") + len(payload).to_bytes(4, "big") + payload)
    with writing:
        while frame:
            frame = frame[os.write(1, frame) :]


def exactly(size: int) -> bytes:
    """So many bytes from the host; ends this process when the host is gone."""
    taken = b""
    while len(taken) < size:
        piece = os.read(0, size - len(taken))
        if not piece:
            raise EOFError
        taken += piece
    return taken


def receive() -> tuple[bytes, int, bytes]:
    """The next frame of the host."""
    head = exactly(9)
    return head[:1], int.from_bytes(head[1:5], "big"), exactly(int.from_bytes(head[5:], "big"))


def listening(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """The application's server, and the end of what it prints."""

    def __init__(self, line: str, port: int) -> None:
        self._port = port
        self._output = b""
        self.process = subprocess.Popen(
            ["sh", "-c", line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def start(self, seconds: float) -> bool:
        """Wait until it listens; tells the host, and again at its end."""
        deadline = time.monotonic() + seconds
        up = False
        while time.monotonic() < deadline and self.process.poll() is None and not up:
            up = listening(self._port)
            if not up:
                time.sleep(0.05)
        self._tell(listening=up)
        if up:
            threading.Thread(target=self._watch, daemon=True).start()
        return up

    def end(self) -> None:
        """Kill it with all that it started in its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _watch(self) -> None:
        self.process.wait()
        # A command may start a server that goes on without it.
        while listening(self._port):
            time.sleep(1.0)
        self._tell(listening=False)

    def _tell(self, *, listening: bool) -> None:
        # What was printed last may still be on its way.
        time.sleep(0 if listening else 0.1)
        text = self._output.decode("utf-8", "replace")
        told = {"listening": listening, "exit": self.process.poll(), "output": text}
        send(b"U", 0, json.dumps(told).encode())

    def _read(self, stream: IO[bytes]) -> None:
        while piece := os.read(stream.fileno(), CHUNK):
            self._output = (self._output + piece)[-OUTPUT:]


class Exchange:
    """One request and its answer, in a thread of its own once the request is whole; ``ended`` is called in the end."""

    def __init__(self, number: int, order: dict[str, Any], port: int, ended: Callable[[], object]) -> None:
        self._number, self._order, self._ended = number, order, ended
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SILENT_SECONDS)
        self._body: list[bytes] = []
        self._room = WINDOW
        self._changed = threading.Condition()
        self._over = False

    def take(self, piece: bytes) -> None:
        """A piece of the request's body; after the last one the request is sent."""
        if piece:
            self._body.append(piece)
        else:
            threading.Thread(target=self._carry, daemon=True).start()

    def acknowledge(self, count: int) -> None:
        """The host has room for so many bytes more."""
        with self._changed:
            self._room += count
            self._changed.notify()

    def forget(self) -> None:
        """Nobody waits for the answer any more."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._connection.sock is not None:
            with contextlib.suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)

    def _carry(self) -> None:
        try:
            answer = self._ask()
            head = {"status": answer.status, "headers": answer.getheaders()}
            send(b"H", self._number, json.dumps(head).encode())
            while not self._over and (piece := answer.read1(CHUNK)):
                self._give(piece)
            send(b"D", self._number)
        except (OSError, http.client.HTTPException, ValueError) as error:
            send(b"E", self._number, f"{type(error).__name__}: {error}"[:400].encode("utf-8", "replace"))
        finally:
            self._connection.close()
            self._ended()

    def _ask(self) -> http.client.HTTPResponse:
        body = b"".join(self._body)
        self._connection.putrequest(
            self._order["method"], self._order["target"], skip_host=True, skip_accept_encoding=True
        )
        for name, value in self._order["headers"]:
            self._connection.putheader(name, value)
        if body or self._order["method"] in ("POST", "PUT", "PATCH"):
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body)
        return self._connection.getresponse()

    def _give(self, piece: bytes) -> None:
        """Send a piece when the host has room for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._room >= len(piece))
            self._room -= len(piece)
        if not self._over:
            send(b"D", self._number, piece)


def carry(port: int) -> None:
    """Take requests until the host is gone."""
    exchanges: dict[int, Exchange] = {}
    while True:
        kind, number, payload = receive()
        if kind == b"Q":
            exchanges[number] = Exchange(number, json.loads(payload), port, partial(exchanges.pop, number, None))
        exchange = exchanges.get(number)
        if exchange is None:
            continue
        if kind == b"D":
            exchange.take(payload)
        elif kind == b"A":
            exchange.acknowledge(int.from_bytes(payload, "big"))
        elif kind == b"C":
            exchange.forget()


def main() -> None:
    """Start the server, then carry."""
    order = json.loads(receive()[2])
    # Nothing but frames goes to the host.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    server = Server(order["start"], order["port"])
    try:
        if server.start(order["seconds"]):
            carry(order["port"])
    except EOFError:
        sys.exit(0)
    finally:
        server.end()


main()
