"""The rules as a program of the kernel's packet filter: what bubblewrap loads, and each command once more."""

from __future__ import annotations

import errno
import os
import struct

from agents.sandboxes.seccomp.numbers import machines
from agents.sandboxes.seccomp.rules import (
    ABSENT,
    ALLOWED,
    BY_ARGUMENT,
    FOR_SUPERVISOR,
    NEW_USER,
    REFUSED,
    UNCOUNTED,
    Argument,
)

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
X32_BIT = 0x40000000
# In the supervisor's filter the command's own is loaded with prctl; namespaces but a user's are the supervisor's work.
SUPERVISOR_ARGUMENT = Argument(
    "Namespaces but a user's, in which capabilities could be had again.", ("clone", "unshare"), 0, (0,), mask=NEW_USER
)


def filter_for(machine: str = "", *, supervisor: bool = False) -> bytes:
    """The program for a machine (this one by default). KeyError when its calls are not known here.

    ``supervisor`` gives the one for bubblewrap's own first process, which a command's is laid upon.
    """
    target = machines()[machine or os.uname().machine]
    words = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, target.audit, yes=1),
        # A program of another word size has other numbers.
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER),
        # x32 has the same audit word and its own numbers.
        _step(AT_LEAST, X32_BIT, no=1),
        _step(RETURN, KILL_PROCESS),
    ]
    arguments = [one for one in BY_ARGUMENT if not supervisor or one.mask == 0xFFFFFFFF]
    for argument in [*arguments, SUPERVISOR_ARGUMENT] if supervisor else arguments:
        for call in argument.calls:
            words += _by_argument(target.calls[call], argument)
    words += _by_number(_verdicts(target.calls, supervisor=supervisor))
    return b"".join(words)


def _verdicts(numbers: dict[str, int], *, supervisor: bool) -> dict[int, int]:
    """What is answered to each number that is not judged by its argument."""
    verdicts: dict[str, int] = {}
    for rule in ALLOWED:
        verdicts |= dict.fromkeys(rule.calls, ALLOW)
    for rules, error in ((REFUSED, errno.EPERM), ((UNCOUNTED,), errno.EPERM), (ABSENT, errno.ENOSYS)):
        for rule in rules:
            verdicts |= dict.fromkeys(rule.calls, ERRNO | error)
    if supervisor:
        verdicts |= dict.fromkeys((*FOR_SUPERVISOR.calls, *UNCOUNTED.calls), ALLOW)
    return {numbers[name]: verdict for name, verdict in verdicts.items() if name in numbers}


def _by_number(verdicts: dict[int, int]) -> list[bytes]:
    """From the lowest number up, one comparison for each stretch of numbers with the same answer."""
    unknown = ERRNO | errno.ENOSYS
    words = []
    current = verdicts.get(0, unknown)
    for number in range(1, max(verdicts) + 2):
        verdict = verdicts.get(number, unknown)
        if verdict != current:
            words += [_step(AT_LEAST, number, yes=1), _step(RETURN, current)]
            current = verdict
    return [*words, _step(RETURN, current)]


def _by_argument(number: int, argument: Argument) -> list[bytes]:
    """Answer one call for good. The kernel takes the low half of the argument's eight bytes, and so do we."""
    values = argument.values
    body = [_step(LOAD, FIRST_ARGUMENT + 8 * argument.argument), _step(AND, argument.mask)]
    body += [_step(EQUAL, value, yes=len(values) - place) for place, value in enumerate(values)]
    body += [_step(RETURN, ERRNO | argument.error), _step(RETURN, ALLOW)]
    return [_step(EQUAL, number, no=len(body)), *body]


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` are how many to skip when the comparison holds or not."""
    return struct.pack("HBBI", code, yes, no, value)
