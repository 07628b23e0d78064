"""The self-test of a started sandbox: every guard is looked at from the inside before any code runs."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from agents.sandboxes.base import Command, SandboxSession
from agents.sandboxes.profile import ENVIRONMENT, PROFILE, UID
from agents.sandboxes.seccomp.numbers import machines

PROBE = Path(__file__).with_name("guards_probe.py")
SECONDS = 30.0
# Names that the engine, the shell and the interpreter add by themselves.
ADDED = ("HOSTNAME", "LC_CTYPE", "PWD", "SHLVL", "OLDPWD", "_")
# Calls that the kernel would answer otherwise than with "refused" if no filter stood before it.
DOORS = ("io_uring_setup", "keyctl", "ptrace", "kcmp", "unshare", "process_vm_readv", "name_to_handle_at")
# A runtime with a kernel of its own has no such doors, but some answers of its own.
DOORS_OF_OTHERS = ("io_uring_setup", "bpf")


def missing_guards(session: SandboxSession, *, own_kernel: bool = False, given: Collection[str] = ()) -> str:
    """'' when every guard is in force, otherwise the missing ones in words.

    ``own_kernel``: the sandbox has another kernel than this machine's, such as gVisor's. ``given``: names of variables
    that the image brings.
    """
    calls = machines()[os.uname().machine].calls if os.uname().machine in machines() else {}
    expected = {
        "uid": UID,
        "environment": [*ENVIRONMENT, *ADDED, *given],
        "folders": {**PROFILE.writable, "/dev/shm": PROFILE.shared_memory},  # noqa: S108 - in the sandbox
        "limits": {
            "RLIMIT_FSIZE": PROFILE.file_size,
            "RLIMIT_NOFILE": PROFILE.open_files,
            "RLIMIT_CORE": 0,
        },
        "memory": PROFILE.memory,
        "processes": PROFILE.processes,
        "files": PROFILE.files,
        "counted": list(PROFILE.writable),
        "doors": {name: calls[name] for name in (DOORS_OF_OTHERS if own_kernel else DOORS) if name in calls},
    }
    command = Command(("python3", "-I", "-S", "-c", PROBE.read_text(), json.dumps(expected)), SECONDS)
    result = session.run(command)
    try:
        found = json.loads(result.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return f"it could not be looked into ({result.output.strip()[-200:]})"
    return ", ".join(problem for problem, there in found.items() if there)
