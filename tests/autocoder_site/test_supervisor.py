"""'run' starts everything, prints the address, and leaves nothing behind after Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autocoder_site.setup import service, supervisor
from tests.running_site import Site, commands_with, processes_with

SERVICES = {"web": "-m daphne", "vectors": "chroma run", "worker": "manage.py run_worker"}


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
    with urllib.request.urlopen(f"http://localhost:{site.port}/", timeout=240) as page:
        assert "Sign in" in page.read().decode()
    assert len(password) >= 12

    assert site.interrupt() == 0
    deadline = time.monotonic() + 240
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


@pytest.mark.sandbox
def test_a_service_that_dies_is_started_again(site: Site) -> None:
    site.wait_for("Autocoder is at")
    wait_until(lambda: len(ids_of(site, "run_worker --cluster")) >= 4, "the workers")
    cluster = ids_of(site, "run_worker --cluster")
    dead = {name: set(ids_of(site, words)) - set(cluster) for name, words in SERVICES.items()}
    for ids in dead.values():
        for pid in ids:
            os.kill(pid, signal.SIGKILL)
    for _ in dead:
        site.wait_for(r"(web|vectors|worker) ended \(by signal 9\); starting it again in 1 s")
    for name, words in SERVICES.items():
        wait_until(lambda words=words, name=name: set(ids_of(site, words)) - dead[name], name)
    wait_until(lambda: len(set(ids_of(site, "run_worker --cluster")) - set(cluster)) >= 4, "other workers")
    assert not set(ids_of(site, "run_worker")) & set(cluster)
    wait_until(lambda: answers(site, "readyz"), "a site that is ready")
    assert site.interrupt() == 0
    assert processes_with(site.mark) == []


def test_a_service_that_dies_again_and_again_ends_the_site(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.01)
    broken = service.Service("vectors", [sys.executable, "-c", "raise SystemExit(3)"], os.environ)
    broken.start()
    assert supervisor._watch([broken]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "vectors ended (code 3); starting it again in 0 s."
    assert len(told) == 6
    assert told[-1] == "vectors ended 6 times in a row, so the site ends; see its lines above."


def ids_of(site: Site, words: str) -> list[int]:
    return [pid for pid, command in commands_with(site.mark).items() if words in command.strip()]


def answers(site: Site, page: str) -> bool:
    try:
        urllib.request.urlopen(f"http://localhost:{site.port}/{page}", timeout=240).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.2)
