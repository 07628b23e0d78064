"""Ways to run a program in a sandbox that the tests here share."""

from __future__ import annotations

import subprocess

from agents.sandboxes.base import Command, CommandResult, SandboxSession, shell

LONG = 60.0


def python(session: SandboxSession, program: str, *words: str, seconds: float = LONG) -> CommandResult:
    """Run a program in the sandbox's Python."""
    return session.run(Command(("python3", "-c", program, *words), seconds))


def lives_on(session: SandboxSession) -> bool:
    """Whether the next command and a program on this machine run as if nothing had been."""
    after = session.run(shell("echo after", LONG))
    return (after.exit_code, after.output) == (0, "after\n") and subprocess.run(["true"], check=False).returncode == 0
