"""Runs inside a new sandbox, as generated code would: guards_probe.py EXPECTED, a JSON object. Standard library only.

Prints one line of JSON: each thing that must not be so, and whether it is.
"""

import ctypes
import errno
import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

REFUSED = {errno.EPERM, errno.ENOSYS, errno.ENODEV}
# Families that reach past the network namespace, or are doors of the kernel: crypto, packets, vsock, TIPC.
FAMILIES = (38, 17, 40, 30)


def done(action: Callable[[], object]) -> bool:
    """Whether something that must be refused could be done."""
    try:
        action()
    except OSError:
        return False
    return True


def routed() -> bool:
    """Whether some network but its own loopback can be reached."""
    try:
        routes = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        routes = []
    return bool(routes) or done(connect)


def writable(path: str) -> bool:
    """Whether a file could be made if only its folder's owner let us: a read-only system answers otherwise."""
    try:
        Path(path).write_bytes(b"")
    except OSError as error:
        return error.errno not in (errno.EROFS, errno.ENOENT)
    return True


def connect() -> None:
    """To an address that no machine has."""
    with socket.socket() as s:
        s.settimeout(1)
        s.connect(("192.0.2.1", 80))


def opens(family: int) -> bool:
    """Whether some kind of socket of a family can be had."""
    return any(done(partial(socket.socket, family, kind)) for kind in (1, 2, 3, 5))


def answered(number: int) -> bool:
    """Whether a system call is answered otherwise than by a refusal."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = 0x10000000  # a user namespace for unshare, nothing that exists for the others
    result = libc.syscall(ctypes.c_long(number), ctypes.c_long(flags), 0, 0, 0, 0, 0)
    return result >= 0 or ctypes.get_errno() not in REFUSED


def allowed(path: str) -> int | None:
    """The limit that a control group tells, where it is to be seen and is one."""
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def loose(expected: dict[str, Any]) -> bool:
    """Whether a limit is missing or higher than it should be."""
    for name, limit in expected["limits"].items():
        if not 0 <= resource.getrlimit(getattr(resource, name))[1] <= limit:
            return True
    for folder, size in expected["folders"].items():
        space = os.statvfs(folder)
        many = space.f_files > expected["files"] and folder in expected["counted"]
        if many or space.f_blocks * space.f_frsize > size:
            return True
    groups = "/sys/fs/cgroup"
    for paths, limit in (
        (("memory/memory.limit_in_bytes", "memory.max"), expected["memory"]),
        (("pids/pids.max", "pids.max"), expected["processes"]),
    ):
        told = [value for path in paths if (value := allowed(f"{groups}/{path}")) is not None]
        if Path(groups).exists() and (not told or told[0] > limit):
            return True
    return False


def look(expected: dict[str, Any]) -> dict[str, bool]:
    """Everything that must not be so."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    places = ("/planted", "/usr/planted", "/etc/planted", "/var/planted", "/opt/autocoder/planted")
    return {
        "it runs as another user than it should": {os.getuid(), os.geteuid(), os.getgid()} != {expected["uid"]},
        "it has capabilities": any(int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")),
        "it may gain privileges": status["NoNewPrivs"].strip() != "1",
        "it has a network": routed(),
        "it can open sockets past its network": any(opens(family) for family in FAMILIES),
        "it can make system calls that no application needs": any(answered(n) for n in expected["doors"].values()),
        "it sees more environment than it is given": not set(os.environ) <= set(expected["environment"]),
        "it can write to the system": any(writable(place) for place in places),
        "it sees the Docker socket": any(Path(p).exists() for p in ("/var/run/docker.sock", "/run/docker.sock")),
        "it cannot write to /work": not os.access("/work", os.W_OK),
        "it has wider limits than it should": loose(expected),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(json.loads(sys.argv[1]))))
