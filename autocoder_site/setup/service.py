"""One process of the supervisor, in a process group of its own, with its lines under its name."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO

from autocoder_site.setup import ROOT

PR_SET_PDEATHSIG = 1
STABLE_SECONDS = 60.0


class Service:
    """A long-running command. ``grace`` is the seconds it gets between the request to end and its killing;
    of a ``quiet`` one only lines about errors are shown."""

    def __init__(
        self, name: str, command: list[str], environment: Mapping[str, str], *, grace: float = 5.0, quiet: bool = False
    ) -> None:
        self.name = name
        self.restarts = 0
        self._command = command
        self._environment = environment
        self._grace = grace
        self._quiet = quiet
        self._process: subprocess.Popen[str] | None = None
        self._started = 0.0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process in a group of its own; its output comes out line by line under its name."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        threading.Thread(target=self._copy_output, args=(self._process.stdout,), daemon=True).start()

    def restart(self) -> None:
        """Start again after an unexpected end, first ending what is left of the group."""
        self._kill_group()
        if time.monotonic() - self._started > STABLE_SECONDS:
            self.restarts = 0
        self.restarts += 1
        time.sleep(min(0.5 * 2**self.restarts, 10))
        self.start()

    def ask_to_end(self) -> None:
        """Send SIGTERM to the main process only: a queue cluster hangs when its whole group gets it."""
        if self.alive and self._process is not None:
            self._process.terminate()

    def end(self) -> None:
        """Wait for the end as long as the grace lasts, then kill whatever is left of the group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace)
        self._kill_group()
        self._process.wait()

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _copy_output(self, stream: IO[str] | None) -> None:
        for line in stream or ():
            if self._is_told(line):
                print(f"{self.name:8} {line}", end="", flush=True)

    def _is_told(self, line: str) -> bool:
        """Whether a line is worth showing; the greetings of a quiet service are not."""
        return not self._quiet or any(word in line.lower() for word in ("error", "panic", "fail", "warn"))


def _end_with_parent() -> None:
    """Ask the kernel to end this process when the supervisor is gone, however that ended."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
