"""Breaks processes of ours at named points. Only ``tests.settings_that_break`` arms it; the product cannot.

A folder is the remote control: a file ``order`` in it says where, how and at which passing the next process breaks. Who
obeys takes the file away first, so that it happens once, and writes a line to ``fired``.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from django.db import connection

from agents.faults import arm

FOLDER = "BREAKING_FOLDER"


class Broken(Exception):
    """What the action 'raise' raises: no error that the product knows."""


class RemoteControl:
    """The folder, for the test as well as for the process that is to break."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._passed: Counter[str] = Counter()

    def order(self, point: str, action: str = "kill", nth: int = 1) -> None:
        """Have the next process that passes ``point`` for the nth time in one claim break."""
        draft = self.folder / "order.new"
        draft.write_text(f"{point} {action} {nth}")
        draft.rename(self.folder / "order")

    def withdraw(self) -> None:
        """Let nothing break any more; what hangs goes on."""
        (self.folder / "order").unlink(missing_ok=True)

    def fired(self) -> list[dict[str, object]]:
        """What broke so far: point, process and time."""
        path = self.folder / "fired"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def passing(self, point: str) -> None:
        """Called at every point: count, and break when it is this one's turn."""
        if point == "claim":
            self._passed.clear()
        self._passed[point] += 1
        try:
            wanted, action, nth = (self.folder / "order").read_text().split()
        except OSError:
            return
        if wanted != point or self._passed[point] < int(nth):
            return
        try:
            (self.folder / "order").rename(self.folder / f"taken-{os.getpid()}")
        except OSError:
            return
        with (self.folder / "fired").open("a") as stream:
            stream.write(json.dumps({"point": point, "pid": os.getpid(), "at": time.time()}) + "\n")
        ACTIONS[action]()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _pause() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _raise() -> None:
    raise Broken("broken by a test")


def _hang() -> None:
    time.sleep(3_600)


def _no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _fill() -> None:
    """Take the last byte of the disk that the site's data are on; the test gives it back."""
    if connection.vendor == "sqlite":
        # Its log of writes may have room of its own.
        with connection.cursor() as cursor:
            while cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                time.sleep(0.05)
    ballast = Path(os.environ["AUTOCODER_VAR_DIR"]) / "ballast"
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        size = 1 << 20
        while size:
            try:
                stream.write(b"\0" * size)
            except OSError:
                size //= 2


ACTIONS = {"kill": _kill, "pause": _pause, "raise": _raise, "hang": _hang, "enospc": _no_space, "fill": _fill}


def arm_from_environment() -> None:
    """Arm this process, if a test started it with a folder."""
    if FOLDER in os.environ:
        arm(RemoteControl(Path(os.environ[FOLDER])).passing)
