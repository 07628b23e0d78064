"""One process of the supervisor, in a process group of its own, with its lines under its name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import IO

from autocoder_site.setup import ROOT
from generations.with_parent import die_with_parent

STABLE_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0


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
        self._copying: threading.Thread | None = None
        self._started = self._due = 0.0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def died(self) -> bool:
        """Whether it ended although nobody asked it to, and its next start is not set yet."""
        return self._process is not None and self._process.poll() is not None

    @property
    def refused(self) -> bool:
        """Whether the process ended because this installation must not start; starting it again would not help."""
        return self._process is not None and self._process.poll() == os.EX_CONFIG

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
            # However the supervisor ends, its services are then asked to.
            preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGTERM),
        )
        self._copying = threading.Thread(target=self._copy_output, args=(self._process.stdout,), daemon=True)
        self._copying.start()

    def restart_later(self) -> str:
        """After an unexpected end: end what is left of the group and set the time of the next start; tells both."""
        self._kill_group()
        if time.monotonic() - self._started > STABLE_SECONDS:
            self.restarts = 0
        pause = min(FIRST_PAUSE * 2**self.restarts, LONGEST_PAUSE)
        self.restarts += 1
        self._due = time.monotonic() + pause
        code = None if self._process is None else self._process.returncode
        self._process = None
        return f"{self.name} ended ({_how(code)}); starting it again in {pause:.0f} s."

    def start_if_due(self) -> None:
        """Start again when its pause is over."""
        if self._process is None and time.monotonic() >= self._due:
            self.start()

    def ask_to_end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to the main process only: what it started is its own to end."""
        if self.alive and self._process is not None:
            self._process.send_signal(number)

    def end(self) -> None:
        """Wait for the end as long as the grace lasts, then kill whatever is left of the group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace)
        self._kill_group()
        self._process.wait()
        if self._copying is not None:
            # What it said last is shown, too.
            self._copying.join(1)

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


def _how(code: int | None) -> str:
    """How a process ended, in a word or two."""
    return f"by signal {-code}" if code is not None and code < 0 else f"code {code}"
