"""Programs that want to go on, to be more than they are, or to see what is not theirs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from agents.sandboxes.base import Sandbox, SandboxSession, shell
from agents.sandboxes.docker import DockerSandbox
from agents.sandboxes.profile import ENVIRONMENT, PROFILE
from tests.agents.sandboxes.conftest import INSTALLATION
from tests.agents.sandboxes.programs import LONG, lives_on, python

pytestmark = pytest.mark.sandbox

PROJECT = Path(__file__).resolve().parents[3]


def becomes(condition: Callable[[], bool]) -> bool:
    """Whether something comes true while we wait."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.hostile("a shell that calls itself twice, for ever", "held at the limit of processes, then ended")
def test_a_fork_bomb_of_a_shell_is_held(session: SandboxSession) -> None:
    result = session.run(shell("b() { b | b & }; b; while :; do :; done", 2.0))
    assert result.timed_out
    assert lives_on(session)


@pytest.mark.hostile("ignores every signal, with a child in a session of its own", "killed with its child")
def test_what_ignores_signals_is_ended(session: SandboxSession) -> None:
    program = """
import signal, subprocess, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
subprocess.Popen(["setsid", "sleep", "9999"])
time.sleep(9999)
"""
    assert python(session, program, seconds=1.0).timed_out


@pytest.mark.parametrize(
    "line",
    [
        "exec >&- 2>&-; while :; do :; done",
        "exec <&- >&- 2>&-; sleep 9999",
        "exec 0>&- 1>/dev/null 2>/dev/null; sleep 9999",
        "while :; do printf .; sleep 1; done",
    ],
)
@pytest.mark.hostile("closes its input and output, or drips, and never ends", "ended at its limit of time")
def test_what_closes_its_output_and_goes_on_is_ended(session: SandboxSession, line: str) -> None:
    result = session.run(shell(line, 2.0))
    assert (result.timed_out, result.exit_code) == (True, None)


@pytest.mark.hostile("100 threads that count, and a million locks", "no more than its processors, then ended")
def test_many_threads_take_no_more_than_the_processors(session: SandboxSession) -> None:
    program = """
import threading
def spin():
    while True:
        for _ in range(10_000): threading.Lock().acquire()
for _ in range(100): threading.Thread(target=spin).start()
"""
    result = python(session, program, seconds=2.0)
    assert result.timed_out
    assert result.cpu_seconds is None or result.cpu_seconds <= PROFILE.cpus * result.seconds * 1.2
    assert lives_on(session)


@pytest.mark.hostile("looks for programs that make it root, and runs them", "there are none, and it stays what it is")
def test_no_program_gives_privileges(session: SandboxSession) -> None:
    found = session.run(shell("find / -xdev -perm /6000 -type f 2>/dev/null", LONG)).output.split()
    helpers = (
        "for p in su mount newgrp passwd; do echo | $p -c id 2>&1; done; echo; id -u; grep NoNew /proc/self/status"
    )
    output = session.run(shell(helpers, LONG)).output
    assert "uid=0" not in output
    assert output.split()[-3:] == ["10001", "NoNewPrivs:", "1"]
    # An image of ours has none at all; a machine's own /usr has some, which are worth nothing under NoNewPrivs.
    assert found == [] or session.run(shell("ls /opt/autocoder/bubblewrap_supervisor.py", LONG)).exit_code == 0


@pytest.mark.hostile("makes devices, mounts, changes its root, enters namespaces", "each is refused")
def test_the_system_cannot_be_changed(session: SandboxSession) -> None:
    for line in (
        "mknod /work/disk b 8 0",
        "mknod /work/mem c 1 1",
        "mount -t tmpfs x /work",
        "mount --bind / /work",
        "chroot /work true",
        "unshare -Ur true",
        "unshare -m true",
        "nsenter -t 1 -m true",
        "hostname other",
        "date -s 2000-01-01",
        "echo 1 > /proc/sys/kernel/sysrq",
        "echo b > /proc/sysrq-trigger",
        "sysctl -w kernel.core_pattern='|/work/x'",
        "dmesg",
    ):
        assert session.run(shell(line, LONG)).exit_code not in (0, None), line


@pytest.mark.hostile("reads the kernel's memory, the machine's names and other processes", "denied or absent")
def test_the_machine_cannot_be_looked_into(session: SandboxSession) -> None:
    paths = (
        "/etc/shadow /root/.bashrc /root/.ssh/id_rsa /proc/1/mem /proc/kcore /dev/mem /dev/kmem /dev/port"
        " /dev/sda /dev/vda /proc/kallsyms /proc/keys /sys/class/dmi/id/product_uuid /sys/firmware/acpi/tables/DSDT"
        " /sys/kernel/debug/tracing/trace /sys/kernel/security/lockdown /var/run/docker.sock"
    )
    program = """
import sys
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            read = file.read(4096)
    except OSError:
        continue
    # The kernel shows names of symbols to all, but to nobody without rights where they are.
    if read and not (path == "/proc/kallsyms" and set(read.split()[0]) == {ord("0")}):
        print(path, read[:40])
"""
    assert python(session, program, *paths.split()).output == ""


@pytest.mark.hostile("looks what of the machine is mounted", "its own folders and the system's, read-only")
def test_only_what_belongs_to_it_is_mounted(session: SandboxSession) -> None:
    lines = session.run(shell("cat /proc/self/mountinfo", LONG)).output.splitlines()
    for line in lines:
        before, _, after = line.partition(" - ")
        place, options = before.split()[4:6]
        kind = after.split()[0]
        if place in (*PROFILE.writable, "/dev/shm", "/dev/mqueue"):
            assert kind in ("tmpfs", "mqueue"), line
            assert {"nosuid", "nodev"} <= set(options.split(",")), line
        elif not place.startswith(("/proc", "/sys", "/dev")):
            assert "ro" in options.split(","), line
    assert "docker.sock" not in "".join(lines)


@pytest.mark.hostile("prints its environment and the words of the first process", "nothing but what it was given")
def test_no_secret_is_in_its_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "ENCRYPTION_KEYS", "OPENROUTER_API_KEY", "PYTHONPATH", "LD_PRELOAD"):
        monkeypatch.setenv(name, "canary-of-the-worker")
    with sandbox.open(run="a run", fence=1, image="python") as session:
        told = session.run(shell("env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'", LONG)).output
    assert "canary" not in told
    names = {
        line.partition("=")[0] for line in told.splitlines() if line.partition("=")[0].isidentifier() and "=" in line
    }
    assert names <= {*ENVIRONMENT, "HOSTNAME", "PWD", "LC_CTYPE", "SHLVL", "_", "OLDPWD"}


@pytest.mark.hostile("guesses the name of another run's container and connects", "no such name, nothing answers")
def test_another_runs_container_has_no_name_to_guess(docker_sandbox: DockerSandbox) -> None:
    with (
        docker_sandbox.open(run="run-of-anna", fence=1, image="python") as anna,
        docker_sandbox.open(run="run-of-bert", fence=1, image="python") as bert,
    ):
        ours = {"label": f"autocoder.installation={INSTALLATION}"}
        containers = docker.from_env().containers.list(filters=ours)
        assert len(containers) == 2
        # Names and host names tell neither the run nor one another.
        for container in containers:
            assert "anna" not in container.name + container.attrs["Config"]["Hostname"]
        names = [anna.run(shell("cat /etc/hostname", LONG)).output.strip(), "run-of-anna", "anna"]
        names += [word for container in containers for word in (container.name, container.id)]
        own = bert.run(shell("cat /etc/hostname", LONG)).output.strip()
        others = " ".join(name for name in names if not name.startswith(own))
        look = f"for n in {others}; do getent hosts $n; done"
        assert bert.run(shell(look, LONG)).output == ""
        assert (
            bert.run(shell("command -v docker; ls /var/run/docker.sock /run/docker.sock 2>/dev/null", LONG)).output
            == ""
        )


@pytest.mark.hostile("its worker is killed while it runs", "stays until the reaper, which ends it with all it runs")
def test_a_container_whose_worker_was_killed_is_removed_by_its_label(docker_sandbox: DockerSandbox) -> None:
    program = (
        "import sys\n"
        "from agents.sandboxes.docker import DockerSandbox\n"
        "from agents.sandboxes.base import shell\n"
        "with DockerSandbox(sys.argv[1]).open(run='lost', fence=3, image='python') as session:\n"
        "    session.run(shell('echo up; sleep 1234567', 2000.0), on_output=lambda t: print(t, flush=True))\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, INSTALLATION], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "up\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert docker_sandbox.present() == {("lost", 3)}
    (container,) = docker.from_env().containers.list(filters={"label": "autocoder.run=lost"})
    pid, group = container.attrs["State"]["Pid"], container.id
    assert docker_sandbox.remove_orphans([("lost", 3)]) == 0
    assert docker_sandbox.remove_orphans([("lost", 4)]) == 1
    assert docker_sandbox.present() == set()
    assert becomes(lambda: not Path(f"/proc/{pid}").exists())
    assert becomes(lambda: not list(Path("/sys/fs/cgroup").glob(f"*/docker/{group}")))


@pytest.mark.hostile("goes on while its sandbox is emptied", "ended by the emptying")
def test_emptying_ends_what_still_runs(docker_sandbox: DockerSandbox) -> None:
    up, results = threading.Event(), []
    with docker_sandbox.open(run="going on", fence=1, image="python") as session:

        def go_on() -> None:
            line = "echo up; while :; do echo x >> /work/again; done"
            results.append(session.run(shell(line, LONG), on_output=lambda _: up.set()))

        thread = threading.Thread(target=go_on)
        thread.start()
        assert up.wait(LONG)
        session.wipe()
        thread.join()
        assert session.get() == []
    assert [(result.exit_code, result.timed_out) for result in results] == [(137, False)]
