"""Hostile programs, each in every kind of sandbox: they are held, and the next command and this machine live on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.sandboxes.base import Command, Sandbox, SandboxSession, shell
from tests.agents.sandboxes.programs import LONG, lives_on, python

pytestmark = pytest.mark.sandbox

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def host_service() -> Iterator[int]:
    """The port of something that listens on every address of this machine."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


def host_addresses() -> list[str]:
    """Addresses by which this machine can be reached."""
    found = {"127.0.0.1", "172.17.0.1", "169.254.169.254", "192.0.2.1"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            found.add(probe.getsockname()[0])
        except OSError:
            pass
    return sorted(found)


@pytest.mark.hostile("connects to a service of this machine", "not reached by any address")
def test_no_network_and_no_service_of_this_machine(session: SandboxSession, host_service: int) -> None:
    program = """
import socket, sys
for address in sys.argv[2:]:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as s:
            s.settimeout(1)
            try:
                s.connect((address, int(sys.argv[1])))
                if kind == socket.SOCK_STREAM or not address.startswith("127."):
                    print("reached", address, kind)
            except OSError:
                pass
try:
    print("resolved", socket.getaddrinfo("example.com", 80))
except OSError:
    pass
print([name for _, name in socket.if_nameindex() if name != "lo" and not name.startswith(("tunl", "sit", "ip6tnl"))])
"""
    assert python(session, program, str(host_service), *host_addresses()).output == "[]\n"


def test_an_application_reaches_itself(session: SandboxSession) -> None:
    program = """
import socket
with socket.create_server(("0.0.0.0", 8000)) as server, socket.create_connection(("localhost", 8000)) as client:
    server.accept()[0].sendall(b"hello")
    print(client.recv(5))
"""
    assert python(session, program).output == "b'hello'\n"


@pytest.mark.hostile("reads files of this machine by their paths", "absent or denied")
def test_files_of_this_machine_cannot_be_read(session: SandboxSession, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    tmp_path.chmod(0o755)
    secret.chmod(0o644)
    Path("/tmp/autocoder-canary.txt").write_text("canary")
    paths = [secret, PROJECT / ".env", PROJECT / "manage.py", PROJECT / "pyproject.toml", Path(__file__)]
    paths += [
        Path("/etc/shadow"),
        Path("/tmp/autocoder-canary.txt"),
        Path("/var/log"),
        Path("/root/.bashrc"),
        Path("/proc/kcore"),
    ]
    paths += [Path("/var/run/docker.sock"), Path("/run/docker.sock"), Path("/dev/mem"), Path("/proc/sysrq-trigger")]
    program = """
import sys
for path in sys.argv[1:]:
    try:
        print("read", path, len(open(path, "rb").read(10)))
    except OSError:
        pass
"""
    try:
        assert python(session, program, *map(str, paths)).output == ""
    finally:
        Path("/tmp/autocoder-canary.txt").unlink()


@pytest.mark.hostile("writes to every folder and file there is", "read-only but for its folders")
def test_nothing_can_be_written_but_the_writable_folders(session: SandboxSession) -> None:
    program = """
import os
for folder, _folders, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/work", "/deps", "/tmp", "/dev/shm", "/dev/mqueue", "/dev/pts")):
        continue
    for path in [folder + "/planted", *(f"{folder}/{n}" for n in names if not folder.startswith("/dev"))]:
        try:
            # A link may lead to /dev/null, which everybody may write to.
            os.close(os.open(path, os.O_NOFOLLOW | os.O_WRONLY | (os.O_CREAT if path.endswith("planted") else 0)))
            print("wrote", path)
        except OSError:
            pass
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/user/max_user_namespaces"):
    try:
        os.close(os.open(path, os.O_WRONLY))
        print("wrote", path)
    except OSError:
        pass
"""
    assert python(session, program).output == ""


@pytest.mark.hostile("looks for capabilities and takes more", "none, and none can be gained")
def test_no_privileges_are_had_or_gained(session: SandboxSession) -> None:
    status = session.run(shell("cat /proc/self/status", LONG)).output
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    for line in (
        "unshare -Ur true",
        "unshare -n true",
        "mount -t tmpfs x /tmp",
        "chroot / true",
        "su -c true",
        "dmesg",
    ):
        assert session.run(shell(line, LONG)).exit_code != 0, line


@pytest.mark.parametrize(
    "line",
    [
        "kill -9 1; kill -9 -1",
        "kill -STOP 1; kill -INT 1; kill -TERM 1; kill -9 $PPID",
        "printf 'X\\0\\0\\0\\0010' > /proc/1/fd/1; printf 'X\\0\\0\\0\\0010' > /proc/1/fd/2; cat /proc/1/fd/0",
        "for p in /proc/[0-9]*; do cat $p/mem $p/environ > /dev/null; echo 1000 > $p/oom_score_adj; done",
        "for p in /proc/[0-9]*; do prlimit --pid ${p#/proc/} --cpu=0:0 --nofile=0:0 --nproc=0:0; done",
    ],
)
@pytest.mark.hostile("kills, stops or disturbs the first process", "only itself is ended")
def test_code_can_only_end_itself(session: SandboxSession, line: str) -> None:
    session.run(shell(line, 20.0))
    session.wipe()
    assert lives_on(session)
    assert session.run(shell("exit 3", LONG)).exit_code == 3
    assert session.run(shell("echo x > /work/a && cat /work/a", LONG)).output == "x\n"


def test_processes_of_the_sandbox_cannot_be_traced_into_more_power(session: SandboxSession) -> None:
    program = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for pid in (int(n) for n in os.listdir("/proc") if n.isdigit()):
    caps = [l for l in open(f"/proc/{pid}/status") if l.startswith(("CapPrm", "CapEff"))]
    if any(int(l.split()[1], 16) for l in caps):
        print("powerful", pid, open(f"/proc/{pid}/cmdline").read())
"""
    assert python(session, program).output == ""


@pytest.mark.hostile("scans for another sandbox's sockets and files", "nothing of it is seen")
def test_two_sandboxes_do_not_see_each_other(sandbox: Sandbox) -> None:
    listen = """
import socket, time
server = socket.create_server(("0.0.0.0", 8765))
named = socket.socket(socket.AF_UNIX); named.bind("\\0autocoder-test"); named.listen()
open("/tmp/planted", "w").close(); open("/dev/shm/planted", "w").close(); open("/work/planted", "w").close()
print("up", flush=True)
time.sleep(600)
"""
    look = """
import os, socket
for address, kind in ((("127.0.0.1", 8765), socket.AF_INET), ("\\0autocoder-test", socket.AF_UNIX)):
    try:
        socket.socket(kind).connect(address)
        print("reached", address)
    except OSError:
        pass
print([f for f in ("/tmp", "/dev/shm", "/work") if os.listdir(f)])
print(sum(b"autocoder-test" in open(f"/proc/{p}/cmdline", "rb").read() for p in os.listdir("/proc") if p.isdigit()))
"""
    up, done = threading.Event(), threading.Event()
    with (
        sandbox.open(run="one", fence=1, image="python") as one,
        sandbox.open(run="two", fence=1, image="python") as two,
    ):

        def hold() -> None:
            one.run(Command(("python3", "-c", listen), LONG), on_output=lambda _: up.set(), stop=done.is_set)

        thread = threading.Thread(target=pytest.raises, args=(Exception, hold))
        thread.start()
        assert up.wait(LONG)
        # The program that looks names the socket too: itself and its wrapper.
        assert python(two, look).output == "[]\n2\n"
        done.set()
        thread.join()
