"""What the checks of this suite share: talk to an application, collect what is wrong, exit with it.

It runs beside the check, with the standard library only: ``check APP_FOLDER``, in the application's folder.
"""
# ruff: noqa: INP001, T201, S602 - a program's helper outside of any package; it starts what it is told to

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

APP = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
TEMPORARY = Path(tempfile.mkdtemp(prefix="check-"))
START, PORT = os.environ.get("APP_START", ""), int(os.environ.get("APP_PORT") or 0)
START_SECONDS, CALL_SECONDS = 30, 30
_failures: list[str] = []


def check(condition: object, sentence: str, seen: object = None) -> bool:
    """Note a sentence that does not hold, with what was seen instead; gives whether it holds."""
    if not condition:
        _failures.append(sentence)
        shown = "" if seen is None else f" (saw: {str(seen)[:300]})"
        print(f"FAILED: {sentence}{shown}", flush=True)
    return bool(condition)


def done() -> None:
    """End the check: exit code 0 when everything held."""
    print(f"{len(_failures)} of the sentences do not hold." if _failures else "Everything holds.")
    sys.exit(1 if _failures else 0)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; status 0 when there was none."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def get(self, name: str) -> Any:
        """A key of the JSON object; None when there is no such thing."""
        return self.json.get(name) if isinstance(self.json, dict) else None

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200]!r}"


class Server:
    """The application's server, as a context manager: started, waited for, ended with all that it started."""

    def __init__(self, start: str = START, port: int = PORT, **environment: str) -> None:
        self._start, self._port, self._environment = start, port, environment
        self._output = TEMPORARY / f"server-{time.monotonic_ns()}.log"

    def __enter__(self) -> Server:
        if not self._start or not self._port:
            print("FAILED: The application is a server with a start command and a port")
            sys.exit(1)
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._start, shell=True, cwd=APP, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **self._environment}, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not listening(self._port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                print(f"FAILED: '{self._start}' does not listen on {self._port}\n{self.output()[-2000:]}")
                self.__exit__()
                sys.exit(1)
            time.sleep(0.05)
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # A killed child of the start command may hold the port for a moment longer.
        deadline = time.monotonic() + START_SECONDS
        while listening(self._port) and time.monotonic() < deadline:
            time.sleep(0.05)

    def output(self) -> str:
        """What the server printed so far."""
        return self._output.read_text(errors="replace")

    def call(self, method: str, path: str, body: object = None, *, raw: bytes | None = None, token: str = "") -> Answer:
        """One request on a connection of its own; redirects are not followed. ``raw`` is a body as it stands."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_SECONDS)
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, {}, repr(error).encode())
        finally:
            connection.close()


def listening(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Done:
    """How a program ended; exit code None when it was killed at the limit."""

    code: int | None
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}, out {self.out[:200]!r}, err {self.err[-200:]!r}"


def run(*words: str | Path, stdin: bytes = b"", seconds: float = CALL_SECONDS) -> Done:
    """Run a program of the application in its folder; './name' is one that is delivered."""
    try:
        ended = subprocess.run(
            [str(word) for word in words], cwd=APP, input=stdin, capture_output=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Done(None, "", repr(error))
    return Done(ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace"))


def parsed(text: str) -> Any:
    """A text as JSON; None when it is not."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def file(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    """A file in a folder of the check's own, with missing folders made."""
    path = TEMPORARY / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path
