"""'run' starts everything, prints the address, and leaves nothing behind after Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_site import Site, processes_with


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A started site, killed at the end whatever happened."""
    started = Site(tmp_path / "var")
    yield started
    if started.process.poll() is None:
        os.killpg(started.process.pid, signal.SIGKILL)


def test_one_command_starts_everything_and_ctrl_c_ends_all_of_it(site: Site) -> None:
    password = site.wait_for(r"Name: admin  Password: (\S+)").group(1)
    site.wait_for(rf"Autocoder is at http://localhost:{site.port}/")
    with urllib.request.urlopen(f"http://localhost:{site.port}/", timeout=60) as page:
        assert "Sign in" in page.read().decode()
    assert len(password) >= 12

    assert site.interrupt() == 0
    deadline = time.monotonic() + 60
    while processes_with(site.mark) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_with(site.mark) == []


def test_the_password_is_printed_only_once(site: Site, tmp_path: Path) -> None:
    site.wait_for("Autocoder is at")
    site.interrupt()
    again = Site(tmp_path / "var")
    again.wait_for("Autocoder is at")
    again.interrupt()
    assert "Password:" in "".join(site.lines)
    assert "Password:" not in "".join(again.lines)
    assert processes_with(again.mark) == []


def test_a_service_that_dies_is_started_again(site: Site) -> None:
    site.wait_for("Autocoder is at")
    web = next(
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal() and str(site.port).encode() in (folder / "cmdline").read_bytes()
    )
    os.kill(web, signal.SIGKILL)
    site.wait_for("web ended; starting it again")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://localhost:{site.port}/", timeout=5).close()
        except OSError:
            time.sleep(0.3)
            continue
        break
    else:
        pytest.fail("the web server did not come back")
    assert site.interrupt() == 0
