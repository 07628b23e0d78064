"""What tests of delivered applications share: all their files, and images with this machine's certificates."""

from __future__ import annotations

import io
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import docker.errors
import pytest
from django.conf import settings

from agents.languages import TOOLCHAINS
from agents.languages.base import PackageCache
from agents.plan import Commands
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.reading import read
from agents.types import SourceFile

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
COMMON = f"RUN userdel app\nCOPY {CERTIFICATES.name} {CERTIFICATES}\nENV SSL_CERT_FILE={CERTIFICATES}\n"
# What the sandbox's own images lack as a developer's machine: Node's trust, and a cache of Go's that can be written to.
NODE = f"ENV NODE_EXTRA_CA_CERTS={CERTIFICATES}\nRUN rm /node_modules"
GO = "ENV GOCACHE=/tmp/gocache\nRUN cp -r /opt/gocache /tmp/gocache\n"


def proxies() -> dict[str, str]:
    """This machine's proxies, as variables of the environment."""
    return {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}


def packed(files: dict[str, SourceFile]) -> io.BytesIO:
    """Files as an archive, as the engine takes them."""
    packet = io.BytesIO()
    with tarfile.open(fileobj=packet, mode="w") as archive:
        for path, file in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(file.content), file.mode & 0o777
            archive.addfile(entry, io.BytesIO(file.content))
    packet.seek(0)
    return packet


def build(client: Any, files: dict[str, SourceFile], tag: str) -> list[str]:
    """Build an image from files, with this machine's proxies and network; gives the ids of all steps."""
    try:
        _image, log = client.images.build(
            fileobj=packed(files),
            custom_context=True,
            tag=tag,
            rm=True,
            forcerm=True,
            network_mode="host",
            buildargs=proxies(),
        )
    except docker.errors.BuildError as error:
        log = list(error.build_log)
        pytest.fail("".join(str(line.get("stream", line.get("error", ""))) for line in log)[-3000:])
    return re.findall(r"^ ---> ([0-9a-f]{12})$", "".join(str(line.get("stream", "")) for line in log), re.MULTILINE)


def build_on(client: Any, recipe: str, tag: str) -> list[str]:
    """Build an image from a Dockerfile alone, beside which this machine's certificates lie."""
    certificates = CERTIFICATES.read_bytes() if CERTIFICATES.exists() else b""
    parts = (SourceFile("Dockerfile", recipe.encode()), SourceFile(CERTIFICATES.name, certificates))
    return build(client, {part.path: part for part in parts}, tag)


def delivered(key: str, sentence: str) -> tuple[dict[str, SourceFile], Commands]:
    """All files of an application as provider, templates and fetch make them; its commands."""
    toolchain, brief = TOOLCHAINS[key], read(sentence, language=key)
    blueprint = BLUEPRINTS[(brief.project_type, key)]
    required, plan = blueprint.requirements(brief), blueprint.plan(brief)
    files = {planned.path: blueprint.render(brief, planned.path) for planned in plan.files}
    files |= {file.path: file for file in toolchain.templates(required, plan)}
    manifest = files[toolchain.manifest].text
    lines = toolchain.read_manifest(manifest)
    fetched = toolchain.fetch(lines, PackageCache(settings.PACKAGE_CACHE), stop=lambda: False)
    locks = toolchain.lock_files(fetched, manifest)
    return files | {path: SourceFile(path, text.encode()) for path, text in locks.items()}, plan.commands
