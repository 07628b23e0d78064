"""Programs whose output is the attack: it is cut, cleaned and kept in order, and holds nobody up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agents.sandboxes.base import Command, SandboxSession, shell
from agents.sandboxes.profile import OUTPUT_LIMIT
from agents.types import SourceFile
from tests.agents.sandboxes.programs import LONG, python

pytestmark = pytest.mark.sandbox

MOST_GROWTH = 64 << 20
CUT = "[output cut at 1024 KiB]"


def resident() -> int:
    """The bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@contextmanager
def growth() -> Iterator[list[int]]:
    """The most that this process grows by while something runs, in the only place of the list."""
    most, done, before = [0], threading.Event(), resident()

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], resident() - before)

    thread = threading.Thread(target=watch)
    thread.start()
    yield most
    done.set()
    thread.join()


@pytest.mark.parametrize(
    "line",
    [
        "exec yes $(head -c 4095 /dev/zero | tr '\\0' x)",
        "head -c 200M /dev/zero | tr '\\0' x",
        "exec cat /dev/zero >&2",
        "exec cat /dev/urandom",
    ],
)
@pytest.mark.hostile("prints without end: lines, one line, to standard error, noise", "1 MiB kept, ended at 16 MiB")
def test_a_flood_is_cut_and_ended_in_little_memory(session: SandboxSession, line: str) -> None:
    seen: list[str] = []
    with growth() as most:
        result = session.run(shell(line, LONG), on_output=seen.append)
    assert (result.truncated, result.timed_out, result.exit_code) == (True, False, 137)
    assert result.output.endswith(f"\n{CUT}\n")
    # Bytes that are no text become a mark of three bytes.
    assert len(result.output) <= OUTPUT_LIMIT + 100
    assert "".join(seen).endswith(f"\n{CUT}\n")
    assert sum(len(text) for text in seen) <= OUTPUT_LIMIT + 100
    assert most[0] < MOST_GROWTH


@pytest.mark.hostile("prints more than is kept and ends by itself", "cut, and measured all the same")
def test_figures_are_known_of_a_program_that_printed_too_much(session: SandboxSession) -> None:
    result = session.run(shell("head -c 3M /dev/zero | tr '\\0' x; exit 4", LONG))
    assert (result.exit_code, result.truncated) == (4, True)
    assert result.peak_memory_bytes is not None


@pytest.mark.hostile("writes to standard output and error by turns", "in the order in which it was written")
def test_both_streams_come_in_one_order(session: SandboxSession) -> None:
    result = python(session, "import os\nfor n in range(3000): os.write(1 + n % 2, b'%d\\n' % n)")
    assert result.output.split() == [str(n) for n in range(3000)]


@pytest.mark.hostile("its reader takes no output until it has ended", "it ends all the same, and nothing is lost")
def test_a_slow_reader_does_not_hold_a_program_up(session: SandboxSession) -> None:
    word = f"slow{time.monotonic_ns()}"
    program = f"import sys\nfor n in range(60_000): print(n, '{word}' and '')\nopen('/tmp/ended', 'w').close()"
    told: list[str] = []

    def running() -> bool:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if word.encode() in path.read_bytes():
                    return True
            except OSError:
                continue
        return False

    def read_late(text: str) -> None:
        if not told:
            # The program itself, seen from this machine, has to come to its end while we sit here.
            until = time.monotonic() + LONG
            while running() and time.monotonic() < until:
                time.sleep(0.05)
            told.append("" if not running() else "it was held up")
        told.append(text)

    result = session.run(Command(("python3", "-c", program), 2 * LONG), on_output=read_late)
    assert (result.exit_code, told[0]) == (0, "")
    assert "".join(told).split() == result.output.split() == [str(n) for n in range(60_000)]


@pytest.mark.hostile("prints escape sequences, links, titles, the clipboard, bidi marks, NUL", "plain, visible text")
def test_what_comes_out_is_plain_text(session: SandboxSession) -> None:
    hostile = (
        b"\x1b[2J\x1b[1;1H\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\ \x1b]52;c;ZXZpbA==\x07\x1b]0;title\x07"
        b"\x1b[31mred\x1b[0m \xe2\x80\xaeevil\xe2\x81\xa6 nul\0 bell\x07 lone\rreturn \xff\xfe \xf0\x9f\x98\x80"
        b"\x1b[" + b"1;" * 300_000 + b"m end \x9b31m"
    )
    session.put([SourceFile("hostile.bin", hostile)])
    seen: list[str] = []
    # In small pieces, so that each sequence and character is cut somewhere.
    program = """
import os
content = open("hostile.bin", "rb").read()
for byte in content[:300]:
    os.write(1, bytes([byte]))
os.write(1, content[300:]) and os.write(1, b"")
"""
    result = session.run(Command(("python3", "-c", program), LONG), on_output=seen.append)
    assert result.output == (
        "click red [U+202E]evil[U+2066] nul\u2400 bell\u2407 lone\nreturn \ufffd\ufffd \U0001f600 end \ufffd31m"
    )
    assert "".join(seen).strip("\n") == result.output
    result.output.encode()
