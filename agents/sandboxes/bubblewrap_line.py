"""The line to the supervisor inside a bubblewrap sandbox: frames through two pipes, and the process at their end."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import IO, NamedTuple

from agents.errors import SandboxFailure
from agents.sandboxes.bubblewrap_system import HERE
from agents.sandboxes.profile import ENVIRONMENT

PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 18
END_SECONDS = 5.0
GONE = "The sandbox went away while a command ran in it; try the run again."


class Frame(NamedTuple):
    """A letter (see ``bubblewrap_supervisor``) and what comes with it."""

    kind: bytes
    payload: bytes


class Line:
    """Starts the sandbox's processes and speaks with the first of them."""

    def __init__(self, order: Mapping[str, object], descriptors: tuple[int, ...]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the line
        # Nothing of this process's environment goes in, not even to bubblewrap itself.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "bubblewrap_launch.py"), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(ENVIRONMENT),
            cwd="/",
            pass_fds=descriptors,
            bufsize=0,
        )
        self._in, self._out = _descriptor(self._process.stdin), _descriptor(self._process.stdout)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        # The supervisor asks for each piece of input when it has read all before, so half a pipe always fits: neither
        # side ever waits in a write while the other does.
        self.piece = int(fcntl.fcntl(self._in, fcntl.F_GETPIPE_SZ)) // 2
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._buffer = bytearray()

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Give the supervisor a frame. Raises SandboxFailure when it is gone."""
        frame = memoryview(kind + len(payload).to_bytes(4, "big") + payload)
        try:
            while frame:
                frame = frame[os.write(self._in, frame) :]
        except OSError as error:
            raise SandboxFailure(GONE) from error

    def receive(self, seconds: float, also: int | None = None) -> Frame | None:
        """The next frame, or None when none came in that time. Raises SandboxFailure when no more can come.

        Something to read from the descriptor ``also`` ends the waiting too.
        """
        frame = self._take()
        if frame is not None:
            return frame
        if also is not None:
            self._poll.register(also, select.POLLIN)
        ready = [descriptor for descriptor, _ in self._poll.poll(seconds * 1000)]
        if also is not None:
            self._poll.unregister(also)
        if self._out not in ready:
            return None
        chunk = os.read(self._out, READ_BYTES)
        if not chunk:
            raise SandboxFailure(GONE)
        self._buffer += chunk
        return self._take()

    def expect(self, kind: bytes, seconds: float) -> bytes:
        """Wait for one frame, passing over others; gives what it holds.

        When it does not come, ends the sandbox and raises SandboxFailure.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            frame = self.receive(deadline - time.monotonic())
            if frame is not None and frame.kind == kind:
                return frame.payload
        self._process.kill()
        raise SandboxFailure(GONE)

    def complaints(self) -> str:
        """What bubblewrap and the programs of ours wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read()[-4000:].decode(errors="replace").strip()

    def close(self) -> None:
        """End the sandbox: its first process ends with the line, or is killed; the kernel ends all others with it."""
        with contextlib.suppress(OSError):
            os.close(self._in)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        self._errors.close()

    def _take(self) -> Frame | None:
        """The first whole frame of what was read."""
        size = 5 + int.from_bytes(self._buffer[1:5], "big")
        if len(self._buffer) < max(size, 5):
            return None
        frame = Frame(bytes(self._buffer[:1]), bytes(self._buffer[5:size]))
        del self._buffer[:size]
        return frame


def _descriptor(pipe: IO[bytes] | None) -> int:
    """A descriptor of our own for one end of a pipe, which the process object then needs no more."""
    if pipe is None:
        raise SandboxFailure(GONE)
    with pipe:
        return os.dup(pipe.fileno())
