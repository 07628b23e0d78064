"""The Dockerfile of a REST API that is written offline in each language: it builds on images made here, and starts."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import docker.errors
import pytest
from django.conf import settings

from agents.languages import TOOLCHAINS
from agents.languages.base import PackageCache
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.reading import read
from agents.sandboxes.images import image_tag
from agents.types import SourceFile

pytestmark = pytest.mark.sandbox
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# What stands for a public image: the sandbox's own without its user, with what the public one has besides, and this
# machine's certificates.
_COMMON = f"RUN userdel app\nCOPY {CERTIFICATES.name} {CERTIFICATES}\nENV SSL_CERT_FILE={CERTIFICATES}\n"
_PIP = "RUN printf '#!/bin/sh\\nshift\\nexec uv pip install --system --break-system-packages -r requirements.txt\\n'"
STANDS_FOR = {
    "python:3.11-slim": ("python", f"{_PIP} > /usr/local/bin/pip && chmod 755 /usr/local/bin/pip\n"),
    "node:24-slim": (
        "node",
        f"ENV NODE_EXTRA_CA_CERTS={CERTIFICATES}\nRUN rm /node_modules && useradd --create-home node\n",
    ),
    "golang:1.27": ("go", "ENV GOCACHE=/tmp/gocache\nRUN cp -r /opt/gocache /tmp/gocache\n"),
    "debian:bookworm-slim": ("python", ""),
}


def build(client: Any, files: dict[str, SourceFile], tag: str) -> list[str]:
    """Build an image from files, with this machine's proxies and network; gives the ids of all steps."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, file in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(file.content), file.mode & 0o777
            archive.addfile(entry, io.BytesIO(file.content))
    context.seek(0)
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    try:
        _image, log = client.images.build(
            fileobj=context, custom_context=True, tag=tag, rm=True, forcerm=True, network_mode="host", buildargs=proxies
        )
    except docker.errors.BuildError as error:
        log = list(error.build_log)
        pytest.fail("".join(str(line.get("stream", line.get("error", ""))) for line in log)[-3000:])
    return re.findall(r"^ ---> ([0-9a-f]{12})$", "".join(str(line.get("stream", "")) for line in log), re.MULTILINE)


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
            certificates = CERTIFICATES.read_bytes() if CERTIFICATES.exists() else b""
            recipe = f"FROM {image_tag(key)}\n{_COMMON}{more}".encode()
            parts = (SourceFile("Dockerfile", recipe), SourceFile(CERTIFICATES.name, certificates))
            build(client, {part.path: part for part in parts}, name)
            made.append(name)
    try:
        yield
    finally:
        for name in made:
            client.images.remove(name, force=True)


def delivered(key: str) -> dict[str, SourceFile]:
    """All files of an application as the offline provider, the language's templates and the fetch make them."""
    toolchain, brief = TOOLCHAINS[key], read("A todo list REST API with title and done flag", language=key)
    blueprint = BLUEPRINTS[(brief.project_type, key)]
    required, plan = blueprint.requirements(brief), blueprint.plan(brief)
    files = {planned.path: blueprint.render(brief, planned.path) for planned in plan.files}
    files |= {file.path: file for file in toolchain.templates(required, plan)}
    manifest = files[toolchain.manifest].text
    lines = toolchain.read_manifest(manifest)
    fetched = toolchain.fetch(lines, PackageCache(settings.PACKAGE_CACHE), stop=lambda: False)
    locks = toolchain.lock_files(fetched, manifest)
    return files | {path: SourceFile(path, text.encode()) for path, text in locks.items()}


@pytest.mark.parametrize("key", sorted(TOOLCHAINS))
def test_the_dockerfile_builds_and_its_application_is_healthy(key: str) -> None:
    files = delivered(key)
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
