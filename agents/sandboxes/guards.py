"""The self-test of a started sandbox: every guard is looked at from the inside before any code runs."""

from __future__ import annotations

import json

from agents.sandboxes.base import Command, SandboxSession

# Prints what holds in here as JSON; the caller decides. Runs as generated code does.
_PROBE = """
import json, os, socket
status = dict(l.split(":", 1) for l in open("/proc/self/status").read().splitlines() if ":" in l)
def refused(action):
    try:
        action()
    except OSError:
        return True
    return False
def connect():
    s = socket.socket(); s.settimeout(1); s.connect(("192.0.2.1", 80))
def write(path):
    open(path, "w").close()
print(json.dumps({
    "it runs as root": os.getuid() == 0,
    "it has capabilities": int(status["CapEff"], 16) != 0,
    "it may gain privileges": status["NoNewPrivs"].strip() != "1",
    "it has a network": any(n != "lo" for _, n in socket.if_nameindex()) or not refused(connect),
    "it can write to the system": any(not refused(lambda p=p: write(p)) for p in ("/x", "/usr/x", "/etc/x", "/var/x")),
    "it sees the Docker socket": os.path.exists("/var/run/docker.sock"),
    "it cannot write to /work": not os.access("/work", os.W_OK),
}))
"""


def missing_guards(session: SandboxSession) -> str:
    """'' when every guard is in force, otherwise the missing ones in words."""
    result = session.run(Command(("python3", "-c", _PROBE), seconds=20))
    try:
        found = json.loads(result.output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return f"it could not be looked into ({result.output.strip()[-200:]})"
    return ", ".join(problem for problem, there in found.items() if there)
