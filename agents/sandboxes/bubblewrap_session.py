"""One started bubblewrap sandbox: commands are orders to the supervisor inside."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Callable

from agents.errors import SandboxFailure, Stopped
from agents.sandboxes.bubblewrap_line import GONE, Line
from agents.sandboxes.command_session import HOST_GRACE_SECONDS, POLL_SECONDS, Call, CommandSession
from agents.sandboxes.profile import ENVIRONMENT

WIPE_SECONDS = 30.0


class BubblewrapSession(CommandSession):
    """Commands and files of one sandbox; one command at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._one_at_a_time = threading.Lock()

    def execute(self, call: Call, take: Callable[[bytes], None]) -> int:
        """Order one command, give it its input, watch it to its end."""
        order = {
            "argv": call.argv,
            "folder": call.folder,
            "environment": {**ENVIRONMENT, **call.environment},
        }
        with self._one_at_a_time:
            running = _Running(self._line, call, take)
            self._line.send(b"S", json.dumps(order).encode())
            try:
                while running.code is None:
                    running.go_on()
            finally:
                # Whatever the caller's own code raised, the next command finds the line free.
                running.abandon()
        if running.stopping:
            raise Stopped("Stopped at your request.")
        return running.code

    def wipe(self) -> None:
        """Put new, empty folders in the place of the writable ones. No process is left from earlier commands."""
        with self._one_at_a_time:
            self._line.send(b"W")
            self._line.expect(b"R", WIPE_SECONDS)


class _Running:
    """A command that was ordered. ``code`` is None until its end."""

    def __init__(self, line: Line, call: Call, take: Callable[[bytes], None]) -> None:
        self._line, self._call, self._take = line, call, take
        self._rest = memoryview(call.stdin)
        self._hungry = False
        self._look = 0.0
        self._deadline = time.monotonic() + call.seconds + HOST_GRACE_SECONDS
        self._killed = False
        self.stopping = False
        self.code: int | None = None

    def go_on(self) -> None:
        """Take the next frame, if one comes soon, and look now and then whether it must end."""
        frame = self._line.receive(POLL_SECONDS, self._call.source if self._hungry else None)
        if frame is not None and frame.kind == b"O":
            self._take(frame.payload)
        elif frame is not None and frame.kind == b"N":
            self._hungry = True
        elif frame is not None and frame.kind == b"X":
            self.code = int(frame.payload)
            return
        if self._hungry:
            self._feed()
        now = time.monotonic()
        if now >= self._look:
            self._look = now + POLL_SECONDS
            self._end_if_due(now)

    def abandon(self) -> None:
        """Kill the command if it still runs, and wait for its end."""
        if self.code is None:
            self._line.send(b"K")
            self._line.expect(b"X", HOST_GRACE_SECONDS)

    def _feed(self) -> None:
        """Send the next piece, if there is one yet; an empty one ends the input."""
        source = self._call.source
        if source is None:
            piece, self._rest = bytes(self._rest[: self._line.piece]), self._rest[self._line.piece :]
        elif select.select([source], [], [], 0)[0]:
            piece = os.read(source, self._line.piece)
        else:
            return
        self._line.send(b"I", piece)
        self._hungry = False

    def _end_if_due(self, now: float) -> None:
        if self._killed:
            if now > self._deadline:
                raise SandboxFailure(GONE)
            return
        self.stopping = self._call.stop()
        if self.stopping or self._call.flooded() or now > self._deadline:
            self._line.send(b"K")
            self._killed = True
            self._deadline = now + HOST_GRACE_SECONDS
