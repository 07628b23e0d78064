"""Makes the sandbox images: from a public slim image, or from Debian packages where none can be pulled."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.errors import SandboxUnavailable

HERE = Path(__file__).parent
BROWSER = "-browser"
"""What the key of an image with a browser ends with: 'python-browser' is 'python' and Chromium."""
PUBLIC_BASE = {"python": "python:3.11-slim-bookworm"}
DEBIAN_PACKAGES = {"python": ("python3", "python3-venv", "ca-certificates")}
DEBIAN_SUITE = "bookworm"


def image_tag(key: str) -> str:
    """The image's name; its tag is a hash of the recipe, so that another recipe is another image."""
    digest = hashlib.sha256(_dockerfile(key) + (HERE / "measure.py").read_bytes())
    digest.update(repr((PUBLIC_BASE[_language(key)], DEBIAN_PACKAGES[_language(key)])).encode())
    return f"autocoder-sandbox-{key}:{digest.hexdigest()[:12]}"


def engine_answers() -> bool:
    """Whether there is a Docker engine to make images on."""
    import docker  # noqa: PLC0415 - the SDK takes 0.2 s
    import docker.errors  # noqa: PLC0415

    try:
        return bool(docker.from_env(timeout=5).ping())
    except (docker.errors.DockerException, OSError):
        return False


def build(key: str, say: Callable[[str], object]) -> bool:
    """Make the image for a language unless it is there; True when it was made now. Raises SandboxUnavailable."""
    import docker  # noqa: PLC0415 - only this command needs it
    import docker.errors  # noqa: PLC0415

    tag = image_tag(key)
    try:
        client = docker.from_env(timeout=600)
        if client.images.list(name=tag):
            return False
        base = _base(client, _language(key), say)
        say(f"Making the sandbox image {tag}")
        # Our own recipe alone runs here; the browser's packages come from the distribution's mirrors.
        network = "host" if key.endswith(BROWSER) else "none"
        client.images.build(
            fileobj=_recipe(key), custom_context=True, tag=tag, buildargs={"BASE": base}, rm=True, network_mode=network
        )
    except docker.errors.BuildError as error:
        raise SandboxUnavailable(f"The sandbox image could not be made: {error.msg}") from error
    except (docker.errors.DockerException, OSError) as error:
        raise SandboxUnavailable(f"The Docker engine could not make the sandbox image: {error}") from error
    return True


def _base(client: Any, key: str, say: Callable[[str], object]) -> str:
    import docker.errors  # noqa: PLC0415

    own = f"autocoder-base-{key}:{DEBIAN_SUITE}"
    if client.images.list(name=own):
        return own
    public = PUBLIC_BASE[key]
    if client.images.list(name=public):
        return public
    say(f"Pulling {public}")
    try:
        client.images.pull(*public.split(":"))
    except (docker.errors.DockerException, OSError):
        _make_base(client, key, own, say)
        return own
    return public


def _make_base(client: Any, key: str, tag: str, say: Callable[[str], object]) -> None:
    """Make a base image from Debian's packages, with debootstrap."""
    program = shutil.which("debootstrap")
    if program is None:
        raise SandboxUnavailable(
            f"The image {PUBLIC_BASE[key]} cannot be pulled, and debootstrap, which could replace it, is not "
            "installed. Give the engine access to a registry, or install debootstrap."
        )
    say("It cannot be pulled; making it from Debian packages instead (about a minute)")
    with tempfile.TemporaryDirectory(prefix="autocoder-base-") as folder:
        include = f"--include={','.join(DEBIAN_PACKAGES[key])}"
        command = [program, "--variant=minbase", include, DEBIAN_SUITE, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxUnavailable(f"debootstrap failed: {(done.stdout + done.stderr).strip()[-300:]}")
        archive = Path(folder).with_suffix(".tar")
        try:
            subprocess.run(["/bin/tar", "-c", "-f", archive, "-C", folder, "."], check=True)
            client.api.import_image_from_file(str(archive), *tag.split(":"))
        finally:
            archive.unlink(missing_ok=True)


def _recipe(key: str) -> io.BytesIO:
    """The build's context: the Dockerfile, the wrapper and uv's own program."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        recipe = _dockerfile(key)
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(recipe)
        archive.addfile(entry, io.BytesIO(recipe))
        archive.add(HERE / "measure.py", "measure.py")
        archive.add(Path(sys.executable).with_name("uv"), "uv")
    context.seek(0)
    return context


def _language(key: str) -> str:
    return key.removesuffix(BROWSER)


def _dockerfile(key: str) -> bytes:
    """The language's recipe, and the browser's after it."""
    parts = [HERE / f"{_language(key)}.Dockerfile"] + ([HERE / "browser.Dockerfile"] if key.endswith(BROWSER) else [])
    return b"".join(path.read_bytes() for path in parts)
