"""Becomes bubblewrap: bubblewrap_launch.py ORDER, a JSON object made by ``bubblewrap_system``.

Joins the control groups and stops being root first, so that bubblewrap and all that it starts is an ordinary user's.
Root's own folders, where the interpreter may lie, are closed to that user; so root binds what the sandbox shows of
them to a folder in a mount namespace of its own before. Standard library only.
"""

import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
STAGE = "/tmp"  # noqa: S108 - covered by a private empty folder, in a mount namespace of our own

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise OSError for a failed system call."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def stage(binds: list[list[str]]) -> list[list[str]]:
    """Show each source below a folder that everybody may enter; gives where."""
    check(libc.unshare(CLONE_NEWNS), "unshare")
    check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    opened = [os.open(source, os.O_PATH) for source, _destination in binds]
    check(libc.mount(b"tmpfs", STAGE.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=755,size=1m"), "mount the stage")
    staged = []
    for number, (source, destination) in enumerate(binds):
        place = Path(STAGE) / str(number)
        if Path(f"/proc/self/fd/{opened[number]}").is_dir():
            place.mkdir(0o755)
        else:
            place.touch(0o755)
        from_ = f"/proc/self/fd/{opened[number]}".encode()
        check(libc.mount(from_, str(place).encode(), None, MS_BIND, None), f"bind {source}")
        staged.append([str(place), destination])
    return staged


def main() -> None:
    """Join, drop, become."""
    order = json.loads(sys.argv[1])
    for group in order["groups"]:
        (Path(group) / "cgroup.procs").write_text(str(os.getpid()))
    # Should the machine run out of memory all the same, the kernel takes the sandbox first.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    binds = order["binds"]
    if os.getuid() == 0:
        binds = stage(binds)
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
    if not order["groups"]:
        os.nice(5)
        os.sched_setaffinity(0, order["processors"])
    shown = [word for source, destination in binds for word in ("--ro-bind", source, destination)]
    os.execv(order["program"], [order["program"], *order["before"], *shown, *order["after"]])  # noqa: S606 - what this is for


if __name__ == "__main__":
    main()
