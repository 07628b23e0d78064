"""Ways to run a program in a sandbox that the tests here share."""

from __future__ import annotations

import subprocess

from agents.sandboxes.base import Command, CommandResult, SandboxSession, shell

LONG = 60.0
# Far more than an empty sandbox holds, far less than a program that was not ended.
LITTLE_MEMORY = 48 << 20

_LOOK = """
import os, sys
left = []
for folder in ("/work", "/deps", "/tmp", "/dev/shm", "/dev/mqueue"):
    if os.path.isdir(folder):
        left += [f"{folder}/{name}" for name in os.listdir(folder)]
for kind in ("shm", "sem", "msg"):
    left += [f"{kind} segment"] * (len(open(f"/proc/sysvipc/{kind}").readlines()) - 1)
for pid in (name for name in os.listdir("/proc") if name.isdigit()):
    try:
        words = open(f"/proc/{pid}/cmdline", "rb").read()
        parent = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
    except OSError:
        continue
    # The first process, which keeps the sandbox, and the engine's sleep below it; this program and its wrapper.
    if int(pid) != 1 and int(pid) != os.getpid() and int(pid) != os.getppid() and words != b"sleep\\0infinity\\0":
        left.append(f"process {words!r}")
for path in ("/sys/fs/cgroup/memory/memory.stat", "/sys/fs/cgroup/memory.stat"):
    if os.path.exists(path):
        used = dict(line.split() for line in open(path))
        taken = sum(int(used.get(name, 0)) for name in ("rss", "anon", "shmem"))
        if taken > int(sys.argv[1]):
            left.append(f"{taken} bytes of memory")
print(" ".join(left))
"""


def python(session: SandboxSession, program: str, *words: str, seconds: float = LONG) -> CommandResult:
    """Run a program in the sandbox's Python."""
    return session.run(Command(("python3", "-c", program, *words), seconds))


def lives_on(session: SandboxSession) -> bool:
    """Whether the next command and a program on this machine run as if nothing had been."""
    after = session.run(shell("echo after", LONG))
    return (after.exit_code, after.output) == (0, "after\n") and subprocess.run(["true"], check=False).returncode == 0


def left_behind(session: SandboxSession) -> str:
    """'' or the files, processes, shared memory and memory that an emptied sandbox still holds."""
    return session.run(Command(("python3", "-I", "-S", "-c", _LOOK, str(LITTLE_MEMORY)), LONG)).output.strip()
