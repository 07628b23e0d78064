"""The system calls that code in a bubblewrap sandbox must not make, as a seccomp program.

Namespaces do not hold them off: address families that reach past the network namespace (vsock reaches the machine
below this one), doors to kernel code that applications do not need, the kernel's log, user namespaces (in which
capabilities could be had again), and memory that no limit counts where there is no control group.
"""

from __future__ import annotations

import errno
import os
import struct

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
CLONE_NEWUSER = 0x10000000
X32_BIT = 0x40000000

# AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
FAMILIES = (1, 2, 10, 16)

_SAME_EVERYWHERE = {
    "clone3": 435,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "memfd_secret": 447,
}
# Audit's name of the architecture (linux/audit.h) and its system call numbers.
MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41,
            "clone": 56,
            "unshare": 272,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "bpf": 321,
            "userfaultfd": 323,
            "perf_event_open": 298,
            "syslog": 103,
            "memfd_create": 319,
            "shmget": 29,
            "msgget": 68,
            "sched_setaffinity": 203,
            **_SAME_EVERYWHERE,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198,
            "clone": 220,
            "unshare": 97,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "bpf": 280,
            "userfaultfd": 282,
            "perf_event_open": 241,
            "syslog": 116,
            "memfd_create": 279,
            "shmget": 194,
            "msgget": 186,
            "sched_setaffinity": 122,
            **_SAME_EVERYWHERE,
        },
    ),
}
# Programs take these for calls of a newer kernel and do without; clone3 hides its flags from a filter.
_UNKNOWN = {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret"}
_BY_ARGUMENT = {"socket", "clone", "unshare"}


def filter_for(machine: str = "") -> bytes:
    """The program for a machine (this one by default), in the form that bubblewrap loads. KeyError when not known."""
    architecture, numbers = MACHINES[machine or os.uname().machine]
    words = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, architecture, yes=1),
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32_BIT, no=1),
        _refuse(errno.ENOSYS),
    ]
    for name, number in numbers.items():
        if name not in _BY_ARGUMENT:
            words += [_step(EQUAL, number, no=1), _refuse(errno.ENOSYS if name in _UNKNOWN else errno.EPERM)]
    for name in ("clone", "unshare"):
        words += [
            _step(EQUAL, numbers[name], no=4),
            _step(LOAD, FIRST_ARGUMENT),
            _step(ANY_BIT, CLONE_NEWUSER, no=1),
            _refuse(errno.EPERM),
            _step(RETURN, ALLOW),
        ]
    words += [_step(EQUAL, numbers["socket"], no=2 + len(FAMILIES)), _step(LOAD, FIRST_ARGUMENT)]
    words += [_step(EQUAL, family, yes=len(FAMILIES) - place) for place, family in enumerate(FAMILIES)]
    words += [_refuse(errno.EAFNOSUPPORT), _step(RETURN, ALLOW)]
    return b"".join(words)


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` are how many to skip when the comparison holds or not."""
    return struct.pack("HBBI", code, yes, no, value)


def _refuse(number: int) -> bytes:
    return _step(RETURN, ERRNO | number)
