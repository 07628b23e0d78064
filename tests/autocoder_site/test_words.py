"""The words of a bare checkout tell problems in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534


def manage(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py as a person would."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """A copy of what the words need, without an environment."""
    checkout = tmp_path / "checkout"
    for package in ("autocoder_site", "generations"):
        shutil.copytree(ROOT / package, checkout / package)
    for name in ("manage.py", "requirements.txt", "requirements-dev.txt", "requirements-embedding.txt"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout


def test_a_busy_port_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = manage("run", PORT=str(port))
    assert ended.returncode == 1
    assert f"Port {port} is in use." in ended.stderr
    assert f"PORT={port + 10} make run" in ended.stderr


@pytest.mark.parametrize("value", ["eighty", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(value: str) -> None:
    ended = manage("run", PORT=value)
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"PORT is '{value}'; it must be a number from 1 to 65535."


def test_an_old_python_is_told_what_to_start_instead(bare_checkout: Path) -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 2); sys.argv = ['manage.py', 'run']; "
        "runpy.run_path('manage.py', run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=bare_checkout, capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 1
    assert ended.stdout.startswith("Autocoder needs Python 3.11 or newer; this is 3.9.")


def test_a_folder_without_write_permission_is_named(bare_checkout: Path) -> None:
    bare_checkout.chmod(0o555)
    as_other = {"user": NOBODY} if os.geteuid() == 0 else {}
    for folder in (bare_checkout, *bare_checkout.parents):
        if folder.owner() == bare_checkout.owner() and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o055)
    python = "/usr/bin/python3" if os.geteuid() == 0 and Path("/usr/bin/python3").exists() else sys.executable
    ended = subprocess.run(
        [python, "manage.py", "install"],
        cwd=bare_checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        **as_other,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{bare_checkout} cannot be written to by this user.")
