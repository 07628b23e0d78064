"""Who holds a run: the name of this worker, and whether another one on this machine is gone."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def worker_name() -> str:
    """Machine, process namespace, process id and start time: no two processes ever share it."""
    return "/".join((*_place(), str(os.getpid()), _started(os.getpid())))


def is_gone(name: str) -> bool:
    """Whether that worker certainly runs no more. False for one that cannot be seen from here."""
    parts = name.split("/")
    if len(parts) != 4 or (parts[0], parts[1]) != _place() or not parts[2].isdecimal():
        return False
    return _started(int(parts[2])) != parts[3]


def is_in_session(name: str, session: int) -> bool:
    """Whether that worker runs on this machine in a session of processes."""
    parts = name.split("/")
    if len(parts) != 4 or (parts[0], parts[1]) != _place() or not parts[2].isdecimal():
        return False
    try:
        return os.getsid(int(parts[2])) == session
    except OSError:
        return False


def _place() -> tuple[str, str]:
    """The machine and its process namespace; processes of other containers are not ours to judge."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        namespace = "0"
    return socket.gethostname()[:30], namespace


def _started(pid: int) -> str:
    """The start time in clock ticks since boot; '' when there is no such process, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
