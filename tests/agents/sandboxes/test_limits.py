"""Hostile programs that take too much, in every kind of sandbox: they are held, and the next command lives on."""

from __future__ import annotations

import pytest

from agents.sandboxes.base import SandboxSession, shell
from agents.sandboxes.profile import MIB, PROFILE
from tests.agents.sandboxes.programs import LONG, lives_on, python

pytestmark = pytest.mark.sandbox


@pytest.mark.hostile("forks for ever", "held at the limit of processes, then ended")
def test_a_fork_bomb_is_held(session: SandboxSession) -> None:
    program = "import os\nwhile True:\n  try:\n    os.fork()\n  except OSError:\n    pass"
    result = python(session, program, seconds=2.0)
    assert result.timed_out
    assert lives_on(session)


@pytest.mark.hostile("starts as many processes as it can", "refused at the limit")
def test_processes_are_counted(session: SandboxSession) -> None:
    program = """
import os, time
count = 0
try:
    while count < 5000:
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        count += 1
except OSError as error:
    print(type(error).__name__)
print(count)
"""
    kind, count = python(session, program).output.split()
    assert kind == "BlockingIOError"
    assert int(count) <= PROFILE.processes
    assert lives_on(session)


@pytest.mark.hostile("takes memory for ever", "killed at the limit, told as 137")
def test_too_much_memory_ends_the_command(session: SandboxSession) -> None:
    result = python(session, "x = []\nwhile True: x.append(bytearray(20 << 20))")
    assert (result.exit_code, result.timed_out) == (137, False)
    assert lives_on(session)


@pytest.mark.hostile("takes memory in many processes", "killed at the limit of all of them")
def test_too_much_memory_in_many_processes_ends_them(session: SandboxSession) -> None:
    program = """
import os, time
children = []
for _ in range(12):
    children.append(os.fork())
    if not children[-1]:
        x = bytearray(150 << 20)
        for at in range(0, len(x), 4096):
            x[at] = 1
        time.sleep(3)
        os._exit(0)
print(sum(os.waitpid(child, 0)[1] != 0 for child in children) > 0)
"""
    result = python(session, program)
    assert result.exit_code == 137 or result.output == "True\n"
    assert lives_on(session)


@pytest.mark.hostile("fills its folders, then its memory", "killed at the limit of both")
def test_files_in_memory_count_as_memory(session: SandboxSession) -> None:
    fill = "head -c 60M /dev/zero > {}{}"
    lines = [fill.format("/deps/f", n) for n in range(6)] + [fill.format("/work/f", n) for n in range(4)]
    assert session.run(shell("; ".join(lines), LONG)).exit_code == 0
    assert python(session, "x = b'x' * (600 << 20)").exit_code == 137
    session.wipe()
    assert python(session, "x = b'x' * (600 << 20)").exit_code == 0


@pytest.mark.parametrize("folder", [*PROFILE.writable, "/dev/shm"])
@pytest.mark.hostile("fills a folder", "no space left at the limit")
def test_a_full_folder_takes_no_more(session: SandboxSession, folder: str) -> None:
    program = """
import sys
written = 0
try:
    for n in range(1000):
        with open(f"{sys.argv[1]}/f{n}", "wb", buffering=0) as file:
            for _ in range(32):
                written += file.write(bytes(1 << 20))
except OSError as error:
    print(error.errno, written)
"""
    error, written = python(session, program, folder).output.split()
    assert error == "28"
    assert int(written) <= PROFILE.writable.get(folder, 16 * MIB)
    session.wipe()
    assert lives_on(session)


@pytest.mark.hostile("makes empty files without end", "no space left at the limit")
def test_files_are_counted(session: SandboxSession) -> None:
    program = "import sys\nfor n in range(10**6):\n  open(f'{sys.argv[1]}/{n}', 'w').close()"
    for folder in PROFILE.writable:
        result = python(session, program, folder)
        assert "No space left" in result.output
    session.wipe()
    assert lives_on(session)


@pytest.mark.hostile("makes a file of a terabyte", "file too large")
def test_a_big_file_is_refused(session: SandboxSession) -> None:
    program = "open('/work/big', 'wb').truncate(1 << 40)"
    assert "File too large" in python(session, program).output
    assert session.run(shell(f"head -c {PROFILE.file_size + 1} /dev/zero > /work/big", LONG)).exit_code != 0


@pytest.mark.hostile("opens files without end", "too many open files")
def test_open_files_are_counted(session: SandboxSession) -> None:
    program = "x = []\nwhile True: x.append(open('/dev/null'))"
    assert "Too many open files" in python(session, program).output
