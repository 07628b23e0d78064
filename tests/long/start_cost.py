"""What a hardened sandbox costs beside a bare container: python -m tests.long.start_cost [ROUNDS]. Run by hand.

Bare is what the engine takes for a container without any of our flags that runs one small program.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import docker

from agents.sandboxes.base import Command, Options, Sandbox
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.docker import DockerSandbox
from agents.sandboxes.images import image_tag

PROGRAM = ("python3", "-c", "print(1)")


def bare(client: docker.DockerClient, image: str) -> float:
    """Seconds from nothing to a bare container's whole output."""
    started = time.monotonic()
    container = client.containers.create(image, list(PROGRAM), network_mode="none")
    container.start()
    container.wait()
    container.logs()
    seconds = time.monotonic() - started
    container.remove(force=True)
    return seconds


def ours(sandbox: Sandbox) -> tuple[float, float]:
    """Seconds from nothing to the first command's whole output, and of the second command."""
    started = time.monotonic()
    with sandbox.open(run="start cost", fence=1, image="python") as session:
        session.run(Command(PROGRAM, 30.0))
        first = time.monotonic()
        session.run(Command(PROGRAM, 30.0))
        return first - started, time.monotonic() - first


def main() -> None:
    """Side by side, one after the other, so that the machine's other work falls on all alike."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    client = docker.from_env()
    image = client.images.get(image_tag("python")).id
    with tempfile.TemporaryDirectory() as folder:
        options = Options(records=Path(folder) / "records.json")
        sandboxes = [DockerSandbox("start cost", options), BubblewrapSandbox("start cost", options)]
        for sandbox in sandboxes:
            sandbox.status()
        rows = [(bare(client, image), *ours(sandboxes[0]), *ours(sandboxes[1])) for _ in range(rounds)]
    names = ("bare container", "docker, first command", "docker, next", "bubblewrap, first command", "bubblewrap, next")
    base = statistics.median(row[0] for row in rows)
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        sys.stdout.write(
            f"{name:26} {statistics.median(column) * 1000:6.0f} ms  {statistics.median(column) / base:5.2f}\n"
        )


if __name__ == "__main__":
    main()
