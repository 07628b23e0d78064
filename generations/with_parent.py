"""Processes that the kernel ends when their parent is gone, however that ended. The standard library only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """To be called in a child: have it sent ``number`` at the end of ``parent``, at once if that is over already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def forks_die_with_parent() -> None:
    """The same for every process that this one forks from now on, and for those that they fork."""
    parent = os.getpid()

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    os.register_at_fork(before=remember, after_in_child=lambda: die_with_parent(parent))


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents end, so that none gets out of sight."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def descendants() -> list[int]:
    """Process ids of the children of this process, their children, and so on. Empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[1-9]*"):
        children.setdefault(_parent_of(folder), []).append(int(folder.name))
    found, level = [], children.get(os.getpid(), [])
    while level:
        found += level
        level = [pid for one in level for pid in children.get(one, [])]
    return found


def _parent_of(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
