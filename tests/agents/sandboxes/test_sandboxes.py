"""What every sandbox does for its commands and files; the same tests for each kind."""

from __future__ import annotations

import ast
import os
import time
from typing import Any

import docker
import pytest
from docker import APIClient

from agents.errors import SandboxFailure, Stopped
from agents.paths import MAX_FILE_BYTES
from agents.sandboxes.base import Command, Sandbox, SandboxSession, shell
from agents.sandboxes.docker import LABEL_RUN, DockerSandbox
from agents.sandboxes.profile import ENVIRONMENT, OUTPUT_LIMIT
from agents.types import MODE_EXECUTABLE, SourceFile
from tests.agents.sandboxes.programs import LONG, python

pytestmark = pytest.mark.sandbox

# Starts a process that leaves its session and its parent, and writes on and on.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            with open("/tmp/beats", "a") as beats:
                beats.write("x")
            time.sleep(0.01)
    os._exit(0)
while not os.path.exists("/tmp/beats"):
    time.sleep(0.01)
"""


def beats(session: SandboxSession) -> int:
    """How often the daemon wrote."""
    return int(session.run(shell("stat -c %s /tmp/beats", LONG)).output)


def beating(session: SandboxSession) -> bool:
    """Whether a daemon still writes."""
    before = beats(session)
    session.run(shell("sleep 0.3", LONG))
    return beats(session) != before


def test_output_comes_in_its_order_and_the_command_is_measured(session: SandboxSession) -> None:
    result = python(session, "for n in range(5000): print(n)")
    assert result.exit_code == 0
    assert result.output.split() == [str(n) for n in range(5000)]
    assert result.cpu_seconds is not None
    assert result.cpu_seconds > 0
    assert result.peak_memory_bytes is not None
    assert 1_000_000 < result.peak_memory_bytes < 100_000_000
    assert not result.truncated


def test_peak_memory_is_that_of_the_command(session: SandboxSession) -> None:
    result = python(session, "x = bytearray(300_000_000)")
    assert result.peak_memory_bytes is not None
    assert 300_000_000 < result.peak_memory_bytes < 340_000_000


def test_control_characters_are_cleaned(session: SandboxSession) -> None:
    result = session.run(shell(r"printf '\033[2J\033]0;title\007red\033[31m\r\nbell\007 nul\000 \377'", LONG))
    assert result.output == "red\nbell\u2407 nul\u2400 \ufffd"


def test_output_is_given_on_while_the_command_runs(session: SandboxSession) -> None:
    seen: list[str] = []
    session.run(shell("echo one; echo two >&2", LONG), on_output=seen.append)
    assert "".join(seen).split() == ["one", "two"]


def test_standard_input_reaches_the_command(session: SandboxSession) -> None:
    content = bytes(range(256)) * 40_000
    result = session.run(Command(("sh", "-c", "cat > /tmp/in; wc -c < /tmp/in; md5sum < /tmp/in"), LONG, stdin=content))
    assert result.output.split()[0] == str(len(content))


def test_standard_input_that_nobody_reads_does_no_harm(session: SandboxSession) -> None:
    result = session.run(Command(("sh", "-c", "echo done"), LONG, stdin=b"x" * 20_000_000))
    assert (result.exit_code, result.output) == (0, "done\n")
    assert session.run(shell("cat", LONG)).output == ""


def test_an_empty_standard_input_ends_at_once(session: SandboxSession) -> None:
    assert session.run(shell("cat; echo end", LONG)).output == "end\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -TERM $$", 143),
        ("kill -SEGV $$", 139),
        ("kill -KILL $$", 137),
        ("no-such-program", 127),
    ],
)
def test_exit_codes_are_those_of_a_shell(session: SandboxSession, line: str, code: int) -> None:
    assert session.run(shell(line, LONG)).exit_code == code


def test_a_program_that_is_not_there_is_named(session: SandboxSession) -> None:
    result = session.run(Command(("no-such-program",), LONG))
    assert result.exit_code == 127
    assert "no-such-program" in result.output


def test_a_command_runs_in_its_folder(session: SandboxSession) -> None:
    assert session.run(Command(("pwd",), LONG)).output == "/work\n"
    assert session.run(Command(("pwd",), LONG, folder="/deps")).output == "/deps\n"


def test_the_environment_is_the_profile_and_what_the_command_adds(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    program = """
import os, pathlib
print(sorted(os.environ))
for path in pathlib.Path("/proc").glob("[0-9]*"):
    for name in ("environ", "cmdline"):
        try:
            print((path / name).read_bytes())
        except OSError:
            pass
"""
    with sandbox.open(run="a run", fence=1, image="python") as session:
        command = Command(("python3", "-c", program), LONG, environment={"ADDED": "1"})
        output = session.run(command).output
    # The engine adds a host name, and Python its locale.
    assert set(ast.literal_eval(output.splitlines()[0])) - {"HOSTNAME", "LC_CTYPE"} == {*ENVIRONMENT, "ADDED"}
    assert "canary" not in output
    assert os.environ["OPENAI_API_KEY"] == "sk-canary"


def test_the_programs_that_applications_need_are_there(session: SandboxSession) -> None:
    lines = (
        "python3 -V; python -V; uv --version; tar --version; find --version; python3 -c 'import ssl, sqlite3, ctypes'"
    )
    result = session.run(shell(f"set -e; {lines}", LONG))
    assert result.exit_code == 0, result.output
    assert result.output.count("Python 3.11.") == 2
    assert session.run(shell("id -un; id -u", LONG)).output == "app\n10001\n"


@pytest.mark.hostile("prints yes for ever", "cut and ended; the next command runs")
def test_endless_output_is_cut_and_ended(session: SandboxSession) -> None:
    result = session.run(shell("yes", LONG))
    assert result.exit_code == 137
    assert result.truncated
    assert not result.timed_out
    assert len(result.output) < OUTPUT_LIMIT + 100
    assert session.run(shell("echo after", LONG)).output == "after\n"


@pytest.mark.hostile("leaves a daemon and counts for ever", "killed with its daemon")
def test_a_command_over_its_time_is_killed_with_all_that_it_started(session: SandboxSession) -> None:
    result = python(session, DAEMON + "\nwhile True: pass", seconds=1.0)
    assert result.timed_out
    assert result.exit_code is None
    assert not beating(session)


@pytest.mark.hostile("ends and leaves a daemon", "the daemon is killed")
def test_nothing_that_a_command_left_running_outlives_it(session: SandboxSession) -> None:
    assert python(session, DAEMON).exit_code == 0
    assert not beating(session)


def test_a_command_that_closes_its_output_is_waited_for(session: SandboxSession) -> None:
    line = "exec >/dev/null 2>&1; sleep 0.5; touch /tmp/came"
    assert session.run(shell(line, LONG)).exit_code == 0
    assert session.run(shell("ls /tmp", LONG)).output == "came\n"


def test_stop_ends_the_command(session: SandboxSession) -> None:
    seen: list[str] = []
    with pytest.raises(Stopped):
        session.run(shell("echo up; sleep 20; touch late", LONG), on_output=seen.append, stop=lambda: bool(seen))
    assert session.run(shell("ls; echo after", LONG)).output == "after\n"


def test_files_come_back_as_they_were_put(session: SandboxSession) -> None:
    files = [
        SourceFile("a.txt", b"a"),
        SourceFile("bin/run.sh", b"#!/bin/sh\necho ran\n", MODE_EXECUTABLE),
        SourceFile("/".join(f"d{n}" for n in range(30)) + "/deep.bin", bytes(range(256))),
        SourceFile("name with spaces and \u00fc.py", b""),
        SourceFile("large.bin", os.urandom(MAX_FILE_BYTES)),
    ]
    session.put(files)
    assert session.run(shell("bin/run.sh", LONG)).output == "ran\n"
    assert sorted(session.get(), key=lambda f: f.path) == sorted(files, key=lambda f: f.path)


def test_files_can_be_put_below_another_folder(session: SandboxSession) -> None:
    session.put([SourceFile("wheels/one.whl", b"wheel")], "/deps")
    assert session.get("/deps") == [SourceFile("wheels/one.whl", b"wheel")]


@pytest.mark.hostile("delivers links, pipes, sockets, sparse and huge files", "left out")
def test_what_is_not_a_plain_file_stays_inside(session: SandboxSession) -> None:
    session.put([SourceFile("good.txt", b"good")])
    lines = (
        "ln -s /etc/passwd link; ln -s /etc folder; ln -s loop loop; ln -s good.txt inner; mkfifo pipe;"
        f" head -c {MAX_FILE_BYTES + 1} /dev/zero > huge; truncate -s 50M sparse; mkdir .git; echo x > .git/config;"
        " python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'"
    )
    assert session.run(shell(f"set -e; {lines}", LONG)).exit_code == 0
    assert session.get() == [SourceFile("good.txt", b"good")]


def test_a_folder_that_is_not_there_gives_no_files(session: SandboxSession) -> None:
    assert session.get("/tmp/nothing") == []


def test_files_cannot_be_put_where_nothing_may_be_written(session: SandboxSession) -> None:
    with pytest.raises(SandboxFailure):
        session.put([SourceFile("a.txt", b"a")], "/usr")


def test_wipe_leaves_nothing(session: SandboxSession) -> None:
    line = "for d in /work /deps /tmp /dev/shm; do mkdir -p $d/a/.b && echo x > $d/a/.b/.c && ln -s / $d/l; done"
    assert session.run(shell(line, LONG)).exit_code == 0
    session.wipe()
    assert session.run(shell("find /work /deps /tmp /dev/shm -mindepth 1", LONG)).output == ""
    session.put([SourceFile("a.txt", b"a")])
    assert session.get() == [SourceFile("a.txt", b"a")]


def test_a_sandbox_that_is_ended_under_a_command_is_no_word_about_the_command(sandbox: Sandbox) -> None:
    with sandbox.open(run="under", fence=1, image="python") as session:

        def end_it(_text: str) -> None:
            sandbox.remove_orphans(sandbox.present() - {("under", 1)})

        with pytest.raises(SandboxFailure):
            session.run(shell("echo begun; sleep 300", LONG), on_output=end_it)


def test_an_engine_that_hears_late_of_a_containers_end_does_not_blame_the_command(
    docker_sandbox: DockerSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = list[float]()
    inspect = APIClient.inspect_container

    def late(client: APIClient, container: str) -> Any:
        """On a busy machine seconds go by until the engine knows."""
        busy = killed and time.monotonic() < killed[0] + 5
        return {"State": {"Running": True}} if busy else inspect(client, container)

    monkeypatch.setattr(APIClient, "inspect_container", late)

    def kill_it(_text: str) -> None:
        (container,) = docker.from_env().containers.list(filters={"label": f"{LABEL_RUN}=late {os.getpid()}"})
        killed.append(time.monotonic())
        container.kill()

    late_run = f"late {os.getpid()}"
    with docker_sandbox.open(run=late_run, fence=1, image="python") as session, pytest.raises(SandboxFailure):
        session.run(shell("echo begun; sleep 300", LONG), on_output=kill_it)


@pytest.mark.parametrize("line", ["kill -9 $$", "exit 137"])
def test_a_command_that_ends_as_if_killed_is_told_by_its_code(docker_sandbox: DockerSandbox, line: str) -> None:
    with docker_sandbox.open(run="killed", fence=1, image="python") as session:
        assert session.run(shell(line, LONG)).exit_code == 137


def test_what_was_removed_is_gone_when_that_is_told(sandbox: Sandbox) -> None:
    left = list[set[tuple[str, int]]]()

    def end_it(_text: str) -> None:
        sandbox.remove_orphans([])
        left.append(sandbox.present())

    with sandbox.open(run="many", fence=1, image="python") as session, pytest.raises(SandboxFailure):
        session.run(shell("for i in $(seq 60); do sleep 300 & done; echo begun; sleep 300", LONG), on_output=end_it)
    assert left == [set()]


def test_orphans_are_removed_and_living_ones_are_not(sandbox: Sandbox) -> None:
    with (
        sandbox.open(run="one", fence=2, image="python") as one,
        sandbox.open(run="two", fence=3, image="python") as two,
    ):
        assert sandbox.remove_orphans([("one", 2), ("two", 3)]) == 0
        assert sandbox.remove_orphans([("one", 2), ("two", 4)]) == 1
        assert one.run(shell("echo lives", LONG)).output == "lives\n"
        with pytest.raises(SandboxFailure):
            two.run(shell("echo dead", LONG))
    assert sandbox.remove_orphans([]) == 0
