"""The filter of system calls, from inside every kind of sandbox: what is refused, and what programs still can do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from agents.languages import TOOLCHAINS
from agents.sandboxes.base import Command, SandboxSession
from agents.sandboxes.docker import DockerSandbox
from agents.sandboxes.seccomp import rules
from agents.sandboxes.seccomp.engine import profile
from agents.sandboxes.seccomp.numbers import machines
from agents.sandboxes.seccomp.program import filter_for
from agents.types import SourceFile
from tests.agents.sandboxes.programs import LONG, python

WORKLOADS = Path(__file__).parent / "workloads"
NUMBERS = machines()[os.uname().machine].calls


def names(*groups: tuple[rules.Rule, ...]) -> list[str]:
    """The calls of some rules."""
    return [call for group in groups for rule in group for call in rule.calls]


def answers(session: SandboxSession, calls: list[tuple[int, ...]]) -> list[int]:
    """What the sandbox answers to raw calls, each a number and arguments: 0 or more, or minus the error."""
    program = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for call in {calls!r}:
    result = libc.syscall(*map(ctypes.c_long, call))
    print(-ctypes.get_errno() if result < 0 else result)
"""
    return [int(line) for line in python(session, program).output.split()]


@pytest.mark.sandbox
@pytest.mark.hostile("makes each system call that is refused", "refused each time")
def test_every_refused_call_is_refused(session: SandboxSession) -> None:
    refused = [name for name in names(rules.REFUSED) if name in NUMBERS]
    found = answers(session, [(NUMBERS[name], 0, 0, 0, 0, 0, 0) for name in refused])
    assert dict(zip(refused, found, strict=True)) == dict.fromkeys(refused, -errno.EPERM)


@pytest.mark.sandbox
def test_calls_that_nobody_named_are_not_there(session: SandboxSession) -> None:
    # Two that are absent, two of the kernel that no rule names (a message queue, the seccomp call), and one of none.
    numbers = [NUMBERS["clone3"], NUMBERS["memfd_secret"], 240 if "open" in NUMBERS else 180, 277, 999]
    allowed = {NUMBERS[name] for name in names(rules.ALLOWED) if name in NUMBERS}
    for number, answer in zip(numbers, answers(session, [(n, 0, 0, 0, 0, 0, 0) for n in numbers]), strict=True):
        assert number in allowed or answer in (-errno.ENOSYS, -errno.EPERM), number


@pytest.mark.sandbox
@pytest.mark.parametrize("family", [0, 3, 9, 17, 29, 30, 31, 38, 40, 44, 45, (1 << 32) + 40])
@pytest.mark.hostile("opens sockets past its network (vsock, packets, ...)", "no such family")
def test_no_other_family_of_sockets_can_be_opened(session: SandboxSession, family: int) -> None:
    calls = [(NUMBERS[name], family, kind, 0, 0) for name in ("socket", "socketpair") for kind in (1, 2, 3, 5)]
    assert set(answers(session, calls)) == {-errno.EAFNOSUPPORT}


@pytest.mark.sandbox
@pytest.mark.hostile("makes namespaces of each kind", "refused")
def test_no_namespace_can_be_made(session: SandboxSession) -> None:
    flags = [1 << bit for bit in range(32) if rules.NAMESPACES >> bit & 1]
    calls = [(NUMBERS["clone"], flag | 17, 0, 0, 0, 0) for flag in [*flags, rules.NAMESPACES]]
    calls += [(NUMBERS["unshare"], flag) for flag in [*flags, 0x80]]
    assert set(answers(session, calls)) == {-errno.EPERM}


@pytest.mark.sandbox
@pytest.mark.hostile("switches protections of memory off", "refused")
def test_protections_cannot_be_switched_off(session: SandboxSession) -> None:
    asked, *rest = answers(session, [(NUMBERS["personality"], p) for p in (0xFFFFFFFF, 0x0040000, 0x0400000, 8)])
    assert asked >= 0
    assert set(rest) == {-errno.EPERM}


@pytest.mark.sandbox
@pytest.mark.parametrize("program", ["int80", "x32"])
@pytest.mark.hostile("makes system calls of another word size", "ended at the call")
def test_programs_of_another_word_size_are_ended(session: SandboxSession, program: str) -> None:
    session.put([SourceFile("call.py", (WORKLOADS / "other_word_size.py").read_bytes())])
    result = session.run(Command(("python3", "call.py", program), LONG))
    assert (result.exit_code, result.output) == (128 + 31, "calling\n")


@pytest.mark.sandbox
def test_python_programs_work(session: SandboxSession) -> None:
    session.put([SourceFile("workload.py", (WORKLOADS / "python_workload.py").read_bytes())])
    result = session.run(Command(("python3", "workload.py"), LONG))
    assert result.exit_code == 0, result.output
    assert result.output.endswith("all done\n")


@pytest.mark.sandbox
def test_node_programs_work(docker_sandbox: DockerSandbox) -> None:
    with docker_sandbox.open(run="a run", fence=1, image=TOOLCHAINS["javascript"].image) as session:
        session.put([SourceFile("workload.js", (WORKLOADS / "node_workload.js").read_bytes())])
        result = session.run(Command(("node", "workload.js"), LONG))
    assert (result.exit_code, result.output) == (0, "all done\n")


def test_every_call_has_one_verdict_and_every_rule_a_reason() -> None:
    everything = [*rules.ALLOWED, *rules.REFUSED, *rules.ABSENT, *rules.BY_ARGUMENT]
    calls = [call for rule in everything for call in rule.calls]
    assert len(calls) == len(set(calls))
    assert set(calls) == {name for machine in machines().values() for name in machine.calls}
    assert all(rule.why.endswith(".") for rule in everything)


def test_the_engine_gets_every_rule_with_its_reason() -> None:
    made = profile()
    told = {(rule["comment"], name) for rule in made["syscalls"] for name in rule["names"]}
    everything = [*rules.ALLOWED, *rules.REFUSED, *rules.ABSENT, *rules.BY_ARGUMENT]
    assert told == {(rule.why, call) for rule in everything for call in rule.calls}
    assert made["defaultAction"] == "SCMP_ACT_ERRNO"


def run_program(program: bytes, audit: int, number: int, argument: int = 0) -> int:
    """What the kernel's filter machine would return: the few instructions that ours is made of."""
    data = {0: number, 4: audit, 16: argument & 0xFFFFFFFF}
    accumulator, at = 0, 0
    while True:
        code, yes, no = int.from_bytes(program[at : at + 2], "little"), program[at + 2], program[at + 3]
        value = int.from_bytes(program[at + 4 : at + 8], "little")
        at += 8
        if code == 0x20:
            accumulator = data[value]
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return value
        else:
            at += 8 * (yes if {0x15: accumulator == value, 0x35: accumulator >= value}[code] else no)


@pytest.mark.parametrize("name", machines())
@pytest.mark.parametrize("supervisor", [False, True])
def test_the_program_gives_each_call_its_verdict(name: str, supervisor: bool) -> None:
    machine = machines()[name]
    program = filter_for(name, supervisor=supervisor)
    lent = {*rules.FOR_SUPERVISOR.calls, *rules.UNCOUNTED.calls} if supervisor else set()
    kept = set() if supervisor else set(rules.UNCOUNTED.calls)
    expected = {
        **dict.fromkeys(names(rules.ALLOWED), 0x7FFF0000),
        **dict.fromkeys([*names(rules.REFUSED), *kept], 0x50000 + errno.EPERM),
        **dict.fromkeys(names(rules.ABSENT), 0x50000 + errno.ENOSYS),
        **dict.fromkeys([*lent, "clone", "personality"], 0x7FFF0000),
        **dict.fromkeys(["socket", "socketpair"], 0x50000 + errno.EAFNOSUPPORT),
    }
    assert {call: run_program(program, machine.audit, number) for call, number in machine.calls.items()} == {
        call: expected[call] for call in machine.calls
    }
    assert run_program(program, machine.audit, 5000) == 0x50000 + errno.ENOSYS
    assert run_program(program, machine.audit + 1, machine.calls["read"]) == 0x80000000
    assert run_program(program, machine.audit, machine.calls["clone"], rules.NEW_USER | 17) == 0x50000 + errno.EPERM


def test_a_machine_that_is_not_known_gets_no_filter() -> None:
    with pytest.raises(KeyError):
        filter_for("pdp11")
