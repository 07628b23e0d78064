"""Which bubblewrap sandbox is whose: a label among its processes' words, and the search for those nobody needs."""

from __future__ import annotations

import hashlib
import os
import secrets
import select
import signal
import time
from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

SUPERVISOR = "bubblewrap_supervisor.py"
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Label:
    """Whose a sandbox is. ``instance`` tells two of the same run apart."""

    installation: str
    run: str
    fence: int
    instance: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def owner(self) -> str:
        """What all labels of the run and its fence begin with."""
        return f"{owner_prefix(self.installation)}{quote(self.run, safe='')}/{self.fence}/"

    @property
    def text(self) -> str:
        """The last word of the sandbox's processes on this machine."""
        return self.owner + self.instance

    @property
    def group(self) -> str:
        """The name of the sandbox's control group."""
        return f"{group_prefix(self.installation)}{_digest(self.owner)}-{self.instance}"


def owner_prefix(installation: str) -> str:
    """What the labels of an installation begin with."""
    return f"autocoder/{quote(installation, safe='')}/"


def group_prefix(installation: str) -> str:
    """What the names of an installation's control groups begin with."""
    return f"{_digest(installation)}-"


def owners_present(installation: str) -> set[tuple[str, int]]:
    """Run and fence of every sandbox of the installation that runs."""
    prefix, found = owner_prefix(installation), set()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):  # gone meanwhile
                words = _words(int(path.name))
                if len(words) > 1 and words[-2].endswith(SUPERVISOR) and words[-1].startswith(prefix):
                    run, fence, _instance = words[-1].removeprefix(prefix).split("/")
                    found.add((unquote(run), int(fence)))
    return found


def kill_all_but(installation: str, live: Collection[tuple[str, int]]) -> int:
    """Kill the installation's sandboxes whose (run, fence) is not in ``live``, and see them end; gives how many."""
    prefix = owner_prefix(installation)
    kept = tuple(Label(installation, run, fence).owner for run, fence in live)
    killed = dict[int, str]()
    with ExitStack() as ending:
        for path in Path("/proc").glob("[0-9]*"):
            # Gone meanwhile, or another user's.
            with suppress(OSError):
                killed |= _kill(int(path.name), prefix, kept, ending)
        _see_end(killed)
    return len(set(killed.values()))


def group_is_needed(name: str, installation: str, live: Collection[tuple[str, int]]) -> bool:
    """Whether a control group of the installation belongs to a sandbox of ``live``."""
    return any(name.startswith(Label(installation, run, fence, "").group) for run, fence in live)


def _kill(pid: int, prefix: str, kept: tuple[str, ...], ending: ExitStack) -> dict[int, str]:
    """Kill a process if it is bubblewrap or a supervisor with a label that is not kept.

    Gives a descriptor of it, which is open as long as ``ending``, with its label; nothing for others.
    """
    with ExitStack() as looking:
        # The descriptor holds on to the process: the number cannot become another's between the look and the kill.
        process = os.pidfd_open(pid)
        looking.callback(os.close, process)
        words = _words(pid)
        if len(words) < 2 or not words[-2].endswith(SUPERVISOR) or not words[-1].startswith(prefix):
            return {}
        if kept and words[-1].startswith(kept):
            return {}
        signal.pidfd_send_signal(process, signal.SIGKILL)
        ending.enter_context(looking.pop_all())
    return {process: words[-1]}


def _see_end(processes: Collection[int]) -> None:
    """Wait, but not for long: the kernel takes a moment to end all that ran in a sandbox, however hard it is killed."""
    poll = select.poll()
    for process in processes:
        poll.register(process, select.POLLIN)
    deadline, left = time.monotonic() + END_SECONDS, len(processes)
    while left and (seconds := deadline - time.monotonic()) > 0:
        for process, _ in poll.poll(seconds * 1000):
            poll.unregister(process)
            left -= 1


def _words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
