"""The command line waits where a provider makes it wait, counts down, and goes on by itself."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from rich.console import Console

from generations.command_line import running
from generations.command_line.progress import RunProgress
from generations.models import Run, RunStatus
from tests.model_endpoint import ModelEndpoint, model_endpoint
from tests.test_autonomous_coder import ROOT, Environment, call, environment

__all__ = ["environment"]
pytestmark = pytest.mark.django_db(transaction=True)
WORDS = ("Add numbers", "--provider", "custom")


@pytest.fixture
def limited(environment: Environment) -> Iterator[ModelEndpoint]:
    """Refuses the first call for its rate, and every other one for its key, so that the run ends."""
    with model_endpoint() as server:
        environment |= {"CUSTOM_BASE_URL": server.base_url, "CUSTOM_MODEL": "small", "SCRIPTED_PROVIDER": ""}
        server.refuse, server.broken, server.headers = 1, {"small": 401}, {"Retry-After": "6"}
        yield server


def test_it_goes_on_by_itself_after_a_rate_limit(environment: Environment, limited: ModelEndpoint) -> None:
    done = call(environment, *WORDS)
    assert done.returncode == 1
    assert done.stderr.count("Next try in 0:0") <= 1, "where there is no terminal it is said once at most"
    assert "does not take the key" in done.stdout
    assert len(limited.asked) == 2


def test_nowait_leaves_it_waiting_and_resume_tries_it_again(environment: Environment, limited: ModelEndpoint) -> None:
    limited.headers = {"Retry-After": "3600"}
    done = call(environment, *WORDS, "--nowait", "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["status"], len(limited.asked)) == (1, "waiting", 1)
    assert running.resumed(result["run_id"]).status == RunStatus.QUEUED


def test_it_says_how_long_it_waits_and_ctrl_c_stops_the_run(environment: Environment, limited: ModelEndpoint) -> None:
    limited.headers = {"Retry-After": "3600"}
    words = [sys.executable, "autonomous_coder.py", *WORDS]
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    # Whatever goes wrong, this ends.
    killer = threading.Timer(240, process.kill)
    killer.start()
    assert process.stderr is not None
    said = next(line for line in process.stderr if "Next try in" in line)
    assert "has had too many requests" in said
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    killer.cancel()
    assert process.wait() == 130, rest
    assert Run.objects.get().status == RunStatus.STOPPED


def test_a_terminal_counts_down() -> None:
    screen = io.StringIO()
    progress = RunProgress(Console(file=screen, force_terminal=True, width=100))
    run = Run(reason="Too many requests.", not_before=timezone.now() + timedelta(hours=2))
    with progress:
        for seconds in (3_661.2, 61.0, 0.3):
            progress.wait(run, seconds)
            progress._bar.refresh()  # type: ignore[union-attr]
    for clock in ("1:01:02", "1:01", "0:01"):
        assert f"Too many requests. Next try in {clock}" in screen.getvalue()
