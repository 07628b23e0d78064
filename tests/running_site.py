"""A whole site as 'run' starts it, for tests of what only the whole shows."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_with(mark: str) -> list[str]:
    """Command lines of living processes whose environment holds a mark."""
    return list(commands_with(mark).values())


def commands_with(mark: str) -> dict[int, str]:
    """The same by process id."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if mark.encode() in environment and command:
                found[int(folder.name)] = command
    return found


class Site:
    """A running ``manage.py run`` on a database of its own, with further settings."""

    def __init__(self, var: Path, **more: str) -> None:
        self.port = free_port()
        self.mark = f"AUTOCODER_VAR_DIR={var}"
        environment = {**os.environ, "AUTOCODER_VAR_DIR": str(var), "PORT": str(self.port)}
        environment.pop("DATABASE_URL", None)
        environment |= more
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read lines until one fits; fails at the end of the output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
        pytest.fail(f"{pattern!r} never came:\n" + "".join(self.lines))

    def end(self) -> None:
        """End it, whatever happened."""
        if self.process.poll() is None:
            self.interrupt()

    def interrupt(self) -> int:
        """Press Ctrl-C, as a terminal does it for the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=180)
