"""Makes the sandbox images: from a public slim image, or from Debian packages where none can be pulled.

One base serves every language: it has the Python that the wrapper of commands needs, and a language's own programs are
copied into it (``agents/programs.py``), so that they are the same whatever the base.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.errors import SandboxUnavailable
from agents.sandboxes.images.contents import CONTENTS, HERE, contents_digest, context_of

BROWSER = "-browser"
"""What the key of an image with a browser ends with: 'python-browser' is 'python' and Chromium."""
PUBLIC_BASE = "python:3.11-slim-bookworm"
DEBIAN_PACKAGES = ("python3", "python3-venv", "ca-certificates")
DEBIAN_SUITE = "bookworm"
OWN_BASE = f"autocoder-base:{DEBIAN_SUITE}"


def image_tag(key: str) -> str:
    """The image's name; its tag is a hash of the recipe, so that another recipe is another image."""
    digest = hashlib.sha256(_dockerfile(key) + contents_digest(_language(key)))
    digest.update(repr((PUBLIC_BASE, DEBIAN_PACKAGES)).encode())
    return f"autocoder-sandbox-{key}:{digest.hexdigest()[:12]}"


def keys() -> tuple[str, ...]:
    """The keys of all images: each language's, and the same with a browser."""
    return tuple(f"{key}{end}" for key in CONTENTS for end in ("", BROWSER))


def engine_answers() -> bool:
    """Whether there is a Docker engine to make images on."""
    import docker  # noqa: PLC0415 - the SDK takes 0.2 s
    import docker.errors  # noqa: PLC0415

    try:
        return bool(docker.from_env(timeout=5).ping())
    except (docker.errors.DockerException, OSError):
        return False


def build(key: str, cache: Path, say: Callable[[str], object]) -> bool:
    """Make an image unless it is there; True when it was made now. Raises SandboxUnavailable.

    ``cache`` is the folder of fetched packages and programs.
    """
    import docker  # noqa: PLC0415 - only this command needs it
    import docker.errors  # noqa: PLC0415

    tag = image_tag(key)
    try:
        client = docker.from_env(timeout=600)
        if client.images.list(name=tag):
            return False
        base = _base(client, say)
        say(f"Making the sandbox image {tag}")
        # Our own recipe alone runs here; the browser's packages come from the distribution's mirrors.
        network = "host" if key.endswith(BROWSER) else "none"
        with tempfile.TemporaryFile() as context:
            context_of(_language(key), _dockerfile(key), cache, context)
            context.seek(0)
            client.images.build(
                fileobj=context, custom_context=True, tag=tag, buildargs={"BASE": base}, rm=True, network_mode=network
            )
    except docker.errors.BuildError as error:
        raise SandboxUnavailable(f"The sandbox image could not be made: {error.msg}") from error
    except (docker.errors.DockerException, OSError) as error:
        raise SandboxUnavailable(f"The Docker engine could not make the sandbox image: {error}") from error
    return True


def _base(client: Any, say: Callable[[str], object]) -> str:
    import docker.errors  # noqa: PLC0415

    for tag in (OWN_BASE, PUBLIC_BASE):
        if client.images.list(name=tag):
            return tag
    say(f"Pulling {PUBLIC_BASE}")
    try:
        client.images.pull(*PUBLIC_BASE.split(":"))
    except (docker.errors.DockerException, OSError):
        _make_base(client, say)
        return OWN_BASE
    return PUBLIC_BASE


def _make_base(client: Any, say: Callable[[str], object]) -> None:
    """Make a base image from Debian's packages, with debootstrap."""
    program = shutil.which("debootstrap")
    if program is None:
        raise SandboxUnavailable(
            f"The image {PUBLIC_BASE} cannot be pulled, and debootstrap, which could replace it, is not "
            "installed. Give the engine access to a registry, or install debootstrap."
        )
    say("It cannot be pulled; making it from Debian packages instead (about a minute)")
    with tempfile.TemporaryDirectory(prefix="autocoder-base-") as folder:
        include = f"--include={','.join(DEBIAN_PACKAGES)}"
        command = [program, "--variant=minbase", include, DEBIAN_SUITE, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxUnavailable(f"debootstrap failed: {(done.stdout + done.stderr).strip()[-300:]}")
        archive = Path(folder).with_suffix(".tar")
        try:
            subprocess.run(["/bin/tar", "-c", "-f", archive, "-C", folder, "."], check=True)
            client.api.import_image_from_file(str(archive), *OWN_BASE.split(":"))
        finally:
            archive.unlink(missing_ok=True)


def _language(key: str) -> str:
    return key.removesuffix(BROWSER)


def _dockerfile(key: str) -> bytes:
    """The recipe in its parts. The browser comes before the language, so that all languages share its layer."""
    names = ["base", *(["browser"] if key.endswith(BROWSER) else []), _language(key), "last"]
    return b"".join((HERE / f"{name}.Dockerfile").read_bytes() for name in names)
