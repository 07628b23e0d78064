"""The rules in the words of a Docker engine."""

from __future__ import annotations

import errno
import json
from typing import Any

from agents.sandboxes.seccomp.numbers import machines
from agents.sandboxes.seccomp.rules import ABSENT, ALLOWED, BY_ARGUMENT, REFUSED, Argument

ALLOW, REFUSE = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
MASKED_EQUAL, EQUAL, GREATER = "SCMP_CMP_MASKED_EQ", "SCMP_CMP_EQ", "SCMP_CMP_GT"


def security_option() -> str:
    """The word of ``--security-opt`` with the whole profile in it."""
    return f"seccomp={json.dumps(profile(), separators=(',', ':'))}"


def profile() -> dict[str, Any]:
    """The profile as the engine reads it; of a machine's other word sizes (32-bit, x32) every call ends the program."""
    rules = [_rule(rule.why, rule.calls, ALLOW) for rule in ALLOWED]
    rules += [_rule(rule.why, rule.calls, REFUSE, errno.EPERM) for rule in REFUSED]
    rules += [_rule(rule.why, rule.calls, REFUSE, errno.ENOSYS) for rule in ABSENT]
    for argument in BY_ARGUMENT:
        rules += _by_argument(argument)
    return {
        "defaultAction": REFUSE,
        # Older engines do not know this word and answer EPERM.
        "defaultErrnoRet": errno.ENOSYS,
        "archMap": [{"architecture": machine.engine, "subArchitectures": []} for machine in machines().values()],
        "syscalls": rules,
    }


def _rule(why: str, calls: tuple[str, ...], action: str, error: int | None = None) -> dict[str, Any]:
    rule = {"names": list(calls), "action": action, "args": [], "comment": why}
    return rule if error is None else {**rule, "errnoRet": error}


def _by_argument(argument: Argument) -> list[dict[str, Any]]:
    """One rule a value, as the engine wants them; and for small numbers, rules with the error for all the others."""

    def when(value: int, compare: str, second: int = 0) -> dict[str, Any]:
        return {"index": argument.argument, "value": value, "valueTwo": second, "op": compare}

    why, calls = argument.why, argument.calls
    if argument.mask != 0xFFFFFFFF:
        # The mask is the first value, and what must be left of it the second.
        return [{**_rule(why, calls, ALLOW), "args": [when(argument.mask, MASKED_EQUAL, v)]} for v in argument.values]
    rules = [{**_rule(why, calls, ALLOW), "args": [when(value, EQUAL)]} for value in argument.values]
    if argument.error == errno.EPERM:
        return rules
    last = max(argument.values)
    refused = [when(value, EQUAL) for value in range(last) if value not in argument.values] + [when(last, GREATER)]
    return rules + [{**_rule(why, calls, REFUSE, argument.error), "args": [condition]} for condition in refused]
