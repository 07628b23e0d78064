"""The Dockerfile of a REST API that is written offline in each language: it builds on images made here, and starts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import docker
import docker.errors
import pytest

from agents.languages import TOOLCHAINS
from agents.sandboxes.images import image_tag
from tests.agents.languages.delivering import COMMON, GO, NODE, build, build_on, delivered

pytestmark = pytest.mark.sandbox
# What stands for a public image: the sandbox's own without its user, with what the public one has besides, and this
# machine's certificates.
_PIP = "RUN printf '#!/bin/sh\\nshift\\nexec uv pip install --system --break-system-packages -r requirements.txt\\n'"
STANDS_FOR = {
    "python:3.11-slim": ("python", f"{_PIP} > /usr/local/bin/pip && chmod 755 /usr/local/bin/pip\n"),
    "node:24-slim": ("node", f"{NODE} && useradd --create-home node\n"),
    "golang:1.27": ("go", GO),
    "debian:bookworm-slim": ("python", ""),
}


def remove_layers(client: Any, ids: list[str]) -> None:
    """Remove what a build left without a name: its first stages."""
    for one in reversed(ids):
        with contextlib.suppress(docker.errors.APIError):
            if not client.images.get(one).tags:
                client.images.remove(one)


@contextmanager
def bases(client: Any, dockerfile: str) -> Iterator[None]:
    """The images that a Dockerfile begins with: public ones that are here, others made for the while."""
    made = []
    for line in dockerfile.splitlines():
        name = line.split()[1] if line.startswith("FROM ") else ""
        if name and not client.images.list(name=name):
            key, more = STANDS_FOR[name]
            build_on(client, f"FROM {image_tag(key)}\n{COMMON}{more}", name)
            made.append(name)
    try:
        yield
    finally:
        for name in made:
            client.images.remove(name, force=True)


@pytest.mark.parametrize("key", sorted(TOOLCHAINS))
def test_the_dockerfile_builds_and_its_application_is_healthy(key: str) -> None:
    files, _commands = delivered(key, "A todo list REST API with title and done flag")
    client, tag = docker.from_env(timeout=300), f"autocoder-delivered-{uuid4().hex[:12]}"
    with bases(client, files["Dockerfile"].text):
        steps = build(client, files, tag)
        try:
            _assert_healthy(client, tag)
        finally:
            client.images.remove(tag, force=True)
            remove_layers(client, steps)


def _assert_healthy(client: Any, tag: str) -> None:
    """Start it without a network, and run its own health check until that is content."""
    check = client.images.get(tag).attrs["Config"]["Healthcheck"]["Test"][1]
    container = client.containers.run(tag, detach=True, network_mode="none", init=True)
    try:
        until = time.monotonic() + 240
        while container.exec_run(["sh", "-c", check]).exit_code != 0:
            container.reload()
            assert container.status == "running", container.logs().decode()[-2000:]
            assert time.monotonic() < until, container.logs().decode()[-2000:]
            time.sleep(0.2)
        assert container.exec_run(["id", "-u"]).output.strip() != b"0"
    finally:
        container.remove(force=True)
