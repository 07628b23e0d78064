"""Programs that come from the system: a sandbox to run code in, and a browser for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from autocoder_site.setup import ROOT

ENGINE_SECONDS = 30
TEST_PROGRAMS = {
    "dockerd": ("docker.io", "iptables"),
    "debootstrap": ("debootstrap",),
    "bwrap": ("bubblewrap",),
    "chromium": ("chromium", "fonts-dejavu-core"),
    "pg_lsclusters": ("postgresql",),
}


def can_install() -> bool:
    """Whether system packages can be installed here: root, with Debian's package manager."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: tuple[str, ...]) -> bool:
    """Install system packages and say so; False when they could not be had."""
    print(f"Installing {', '.join(packages)} with the system's package manager", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    if subprocess.run(command, **quiet).returncode == 0:
        return True
    # The package lists of a fresh machine are empty or old.
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    return subprocess.run(command, **quiet).returncode == 0


def docker_answers() -> bool:
    """Whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=15).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def ensure_sandbox() -> None:
    """Where there is neither a Docker engine nor bubblewrap, install bubblewrap if that can be done here."""
    if docker_answers() or shutil.which("bwrap"):
        return
    if can_install() and install(("bubblewrap",)):
        print("No Docker engine answers, so generated code will run in bubblewrap, installed just now.", flush=True)
        return
    print(
        "Neither a Docker engine nor bubblewrap is here, and bubblewrap could not be installed by this user. "
        "Runs will wait until one of them is installed.",
        flush=True,
    )


def ensure_test_programs() -> None:
    """Install what the tests drive (TEST_PROGRAMS) where that can be done; start the Docker engine."""
    missing = [name for name in TEST_PROGRAMS if shutil.which(name) is None]
    if docker_answers():
        missing = [name for name in missing if name != "dockerd"]
    packages = tuple(package for name in missing for package in TEST_PROGRAMS[name])
    if packages and can_install():
        install(packages)
    if not docker_answers() and shutil.which("dockerd") and os.geteuid() == 0:
        _start_engine()


def _start_engine() -> None:
    print("Starting the Docker engine", flush=True)
    log = ROOT / "var" / "dockerd.log"
    log.parent.mkdir(exist_ok=True)
    Path("/var/run/docker.pid").unlink(missing_ok=True)
    with log.open("wb") as stream:
        subprocess.Popen(["dockerd"], stdout=stream, stderr=stream, start_new_session=True)
    deadline = time.monotonic() + ENGINE_SECONDS
    while time.monotonic() < deadline and not docker_answers():
        time.sleep(0.5)
