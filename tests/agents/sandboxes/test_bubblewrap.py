"""What only bubblewrap's sandbox promises: its own guards, labels, ends, and what it says where it cannot be used."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.errors import SandboxFailure, SandboxUnavailable
from agents.sandboxes import bubblewrap as bubblewrap_module
from agents.sandboxes import bubblewrap_system
from agents.sandboxes.base import Sandbox, SandboxSession, shell
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.bubblewrap_groups import ControlGroups, remove
from agents.sandboxes.bubblewrap_labels import Label, group_prefix, owner_prefix
from agents.sandboxes.profile import PROFILE
from tests.agents.sandboxes.conftest import INSTALLATION, Shared, usable
from tests.agents.sandboxes.programs import LONG, python

pytestmark = pytest.mark.sandbox

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def only() -> Iterator[Shared]:
    """One of bubblewrap's for the tests of this file that need no fresh one."""
    shared = Shared(usable("bubblewrap", f"{INSTALLATION}, only"))
    yield shared
    shared.end()


@pytest.fixture
def session(only: Shared) -> Iterator[SandboxSession]:
    """A started sandbox that is empty."""
    yield only.session()
    assert only.look_over() == ""


def processes_with(text: str) -> list[int]:
    """The processes of this machine that have the text among their words."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (path / "cmdline").read_bytes() and path.name != str(os.getpid()):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def becomes(condition: Callable[[], bool]) -> bool:
    """Whether something comes true while we wait."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_only_what_is_needed_of_the_system_is_there(session: SandboxSession) -> None:
    there = session.run(shell("ls / /etc; ls /opt/autocoder", LONG)).output.split()
    assert not {"home", "var", "run", "sys", "boot", "mnt", "srv", "media", "shadow", "hostname", "resolv.conf"} & {
        *there
    }
    # Of folders that are closed to others, at most the way to the interpreter is there, as empty folders and one link.
    assert session.run(shell("find /root /home -type f 2>/dev/null", LONG)).output == ""
    accounts = session.run(shell("cat /etc/passwd /etc/group", LONG)).output
    assert {line.split(":")[0] for line in accounts.split()} == {"root", "app"}


def test_packages_of_the_machines_interpreter_are_not_there(session: SandboxSession) -> None:
    program = "import sys, pathlib; print([p for d in sys.path if 'packages' in d for p in pathlib.Path(d).glob('*')])"
    assert python(session, program).output == "[]\n"


def test_the_interpreter_is_whole_and_this_one(session: SandboxSession) -> None:
    lines = "python3 -c 'import sys; print(sys.version)'; ldd $(readlink -f /usr/local/bin/python3) | grep 'not found'"
    assert session.run(shell(lines, LONG)).output.splitlines() == [sys.version.replace("\n", "")]


def test_no_permission_stands_against_wiping(session: SandboxSession) -> None:
    session.run(shell("mkdir -p /work/a/b; touch /work/a/b/c; chmod 000 /work/a/b /work/a /work /tmp /deps", LONG))
    session.wipe()
    assert session.run(shell("find /work /tmp /deps /dev/shm -mindepth 1", LONG)).output == ""
    assert session.run(shell("echo x > /work/a && cat /work/a", LONG)).output == "x\n"


def test_shared_memory_segments_do_not_outlive_a_command(session: SandboxSession) -> None:
    session.run(shell("ipcmk -S 1", LONG))
    assert session.run(shell("ipcs -s | grep -c 0x", LONG)).output == "0\n"


def test_each_command_sees_its_own_processes_only(session: SandboxSession) -> None:
    lines = "ls /proc > /tmp/seen; grep -c '^[0-9]' /tmp/seen; tr '\\0' ' ' < /proc/1/cmdline"
    count, first = session.run(shell(lines, LONG)).output.splitlines()
    # The command's keeper inside, the wrapper, the shell and ls.
    assert int(count) == 4
    assert "bubblewrap_supervisor.py" in first


def test_what_the_callers_code_raises_ends_the_command(session: SandboxSession) -> None:
    def refuse(_text: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        session.run(shell("echo up; sleep 1000", LONG), on_output=refuse)
    assert session.run(shell("echo after", LONG)).output == "after\n"


def test_a_killed_sandbox_is_told_as_such(bubblewrap: Sandbox) -> None:
    with bubblewrap.open(run="killed", fence=1, image="python") as session:
        with pytest.raises(SandboxFailure):
            session.run(shell("echo up; sleep 1000", LONG), on_output=lambda _: bubblewrap.remove_orphans([]) and None)
        with pytest.raises(SandboxFailure):
            session.run(shell("echo after", LONG))


@pytest.mark.parametrize("hung", [False, True], ids=["answering", "hung"])
def test_a_sandbox_ends_with_its_worker(*, hung: bool) -> None:
    site = f"a dying site of {INSTALLATION}"
    program = (
        "from agents.sandboxes.bubblewrap import BubblewrapSandbox\n"
        "from agents.sandboxes.base import shell\n"
        f"with BubblewrapSandbox({site!r}).open(run='r', fence=1, image='python') as session:\n"
        "    session.run(shell('echo up; sleep 1000', 1000.0), on_output=lambda t: print(t, flush=True))\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "up\n"
        inside = processes_with(owner_prefix(site))
        assert inside
        for process in inside if hung else []:
            # So that it cannot see for itself that the worker is gone.
            os.kill(process, signal.SIGSTOP)
        worker.kill()
        worker.wait()
        assert becomes(lambda: not processes_with(owner_prefix(site)))
    finally:
        BubblewrapSandbox(site).remove_orphans([])
    assert ControlGroups().left_over(group_prefix(site)) == []


def test_control_groups_carry_the_limits_of_the_profile() -> None:
    groups = ControlGroups().make(f"test-{os.getpid()}", PROFILE)
    if not groups:
        pytest.skip("this process may not make control groups here")
    try:
        files = [group / name for group in groups for name in ("pids.max", "memory.max", "memory.limit_in_bytes")]
        limits = [int(file.read_text()) for file in files if file.exists()]
        assert sorted(limits) == sorted([PROFILE.processes, PROFILE.memory])
    finally:
        remove(groups)


def test_orphans_of_other_installations_are_left_alone(bubblewrap: Sandbox) -> None:
    with bubblewrap.open(run="r", fence=1, image="python") as session:
        assert BubblewrapSandbox("another site").remove_orphans([]) == 0
        assert session.run(shell("echo lives", LONG)).output == "lives\n"


def test_a_program_that_only_bears_the_label_is_not_taken_for_a_sandbox() -> None:
    label = Label("a third site", "r", 1).text
    bearer = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", label])
    try:
        assert BubblewrapSandbox("a third site").remove_orphans([]) == 0
        assert bearer.poll() is None
    finally:
        bearer.send_signal(signal.SIGKILL)
        bearer.wait()


def test_labels_cannot_be_made_to_look_like_another_runs() -> None:
    assert not Label("site", "a/1/b", 2).text.startswith(Label("site", "a", 1).owner)
    assert Label("site", "a", 1).group != Label("site", "a", 11).group


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        (["--unshare-net"], "it has a network"),
        (["--remount-ro", "/"], "it can write to the system"),
        (["--cap-add", "CAP_SYS_ADMIN"], "does not let bubblewrap make a sandbox"),
    ],
)
def test_a_word_that_is_missing_is_found_before_code_runs(
    bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch, words: list[str], finding: str
) -> None:
    whole = bubblewrap_module.order

    def taken_away(*arguments: Any) -> dict[str, Any]:
        order: dict[str, Any] = whole(*arguments)
        for part in (order["before"], order["after"]):
            for at in range(len(part) - len(words), -1, -1):
                if part[at : at + len(words)] == words:
                    del part[at : at + len(words)]
        return order

    monkeypatch.setattr(bubblewrap_module, "order", taken_away)
    with pytest.raises(SandboxUnavailable, match=finding), bubblewrap.open(run="r", fence=1, image="python"):
        pass


def test_a_supervisor_that_leaves_capabilities_is_found_before_code_runs(
    bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(bubblewrap_system.HERE, tmp_path / "copy")
    supervisor = tmp_path / "copy" / "bubblewrap_supervisor.py"
    supervisor.write_text(supervisor.read_text().replace("    drop_capabilities()\n", ""))
    monkeypatch.setattr(bubblewrap_system, "HERE", tmp_path / "copy")
    with (
        pytest.raises(SandboxUnavailable, match="it has capabilities"),
        bubblewrap.open(run="r", fence=1, image="python"),
    ):
        pass


def test_where_bubblewrap_is_not_installed_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    status = BubblewrapSandbox("site").status()
    assert not status.available
    assert status.detail == "bubblewrap is not installed."
    assert "install" in status.remedy


@pytest.mark.parametrize(
    ("complaint", "finding"),
    [
        ("bwrap: setting up uid map: Permission denied", "does not let bubblewrap"),
        ("bwrap: No permissions to create new namespace, likely because ...", "does not let bubblewrap"),
        ("bwrap: Unknown option --as-pid-1", "could not start a sandbox"),
        ("", "could not start a sandbox"),
    ],
)
def test_what_bubblewrap_refuses_becomes_a_sentence_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch, complaint: str, finding: str
) -> None:
    # Not below /tmp, which the launcher covers, and where the sandbox's user may read it.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        program = Path(folder) / "bwrap"
        program.write_text(f"#!/bin/sh\necho '{complaint}' >&2\nexit 1\n")
        program.chmod(0o755)
        program.parent.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        status = BubblewrapSandbox("site").status()
    assert not status.available
    assert finding in status.detail
    assert status.remedy


def test_the_status_is_asked_of_the_machine_now_and_then(bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bubblewrap.status().available
    monkeypatch.setenv("PATH", "/nowhere")
    assert bubblewrap.status().available
    monkeypatch.setattr(bubblewrap_module, "STATUS_SECONDS", -1.0)
    assert not bubblewrap.status().available


def test_a_language_without_programs_is_refused(bubblewrap: Sandbox) -> None:
    with pytest.raises(SandboxUnavailable), bubblewrap.open(run="r", fence=1, image="cobol"):
        pass
