"""A run is stopped at each of the twelve points, twice, and once more after its end.

    python -m pytest -s tests/long/stop_points.py

The worker sleeps at the point while its person asks. Where it sleeps in the middle of a write, the request waits for
that write and comes directly after it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from generations.halting import request_stop
from generations.invariants import violations
from generations.models import Run, RunEvent, RunStatus
from tests.bench import MODEL, POINTS, Bench, ended, no_sandbox_is_left, wait_for
from tests.counting_model import SMALL
from tests.factories import make_user
from tests.long.kill_points import say

# There all work is done, and the run may as well have ended before anybody asked. A small run learns nothing.
LATE = ("memory_upsert", "final_state")


@pytest.mark.sandbox
def test_a_run_stops_at_each_point(process_environment: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    settings.SCRIPTED_PROVIDER = MODEL
    owner, wrong = make_user(), list[str]()
    with Bench(process_environment, tmp_path, lease=60).started() as bench:
        for point, nth in POINTS.items():
            before = len(bench.control.fired())
            bench.control.order(point, "pause", nth)
            size = "" if point in LATE else f"{SMALL} "
            run = bench.order(owner, f"A {size}tool that adds the numbers it is given")
            wait_for(run, lambda _run, seen=before: len(bench.control.fired()) > seen)
            asked = stop_twice(bench, run)
            wait_for(run, ended)
            seconds = time.monotonic() - asked
            wait_for(run, no_sandbox_is_left)
            found = complaints(run, point)
            wrong += [f"{point}: {one}" for one in found]
            say(f"{point:20} {run.status:10} after {seconds:4.1f} s  {'; '.join(found) or 'as it should'}")
    assert wrong == []


def stop_twice(bench: Bench, run: Run) -> float:
    """Ask twice, then let the worker go on; gives when that was."""

    def ask() -> None:
        for _ in range(2):
            request_stop(Run.objects.get(pk=run.pk))
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(1.0)
    os.kill(int(str(bench.control.fired()[-1]["pid"])), signal.SIGCONT)
    asking.join()
    return time.monotonic()


def complaints(run: Run, point: str) -> list[str]:
    """What is not as it must be after a stop."""
    found = violations()
    if run.status != RunStatus.STOPPED and point not in LATE:
        found.append(f"it ended as {run.status}: {run.reason}")
    known = (run.status, run.reason, run.last_seq)
    request_stop(run)
    run.refresh_from_db()
    if (run.status, run.reason, run.last_seq) != known:
        found.append("a stop after its end changed it")
    if RunEvent.objects.filter(run=run).latest("seq").kind != "run_ended":
        found.append("something happened after its end")
    return found
