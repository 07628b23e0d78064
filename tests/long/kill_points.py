"""The long version of the kill test: each point three times, with the table of recovery times.

    python -m pytest -s tests/long/kill_points.py

``REPEATS`` is how often each point is tried, ``LEASE`` the lease in seconds. With ``HIDDEN=1`` (as root) the workers
have process ids of their own, as in another container: the reaper cannot see that one is gone and waits for its lease.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from generations.models import RunStatus
from tests.bench import MODEL, POINTS, Bench, complaints, ended, no_sandbox_is_left, recovery_seconds, wait_for
from tests.factories import make_user

REPEATS = int(os.environ.get("REPEATS", "3"))
LEASE = int(os.environ.get("LEASE", "30"))
HIDDEN = os.environ.get("HIDDEN") == "1"


@pytest.mark.sandbox
def test_each_point_again_and_again(process_environment: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    settings.SCRIPTED_PROVIDER = MODEL
    owner, times, wrong = make_user(), list[float](), list[str]()
    with Bench(process_environment, tmp_path, lease=LEASE, hidden=HIDDEN).started() as bench:
        undisturbed = bench.order(owner)
        wait_for(undisturbed, ended)
        assert undisturbed.status == RunStatus.SUCCEEDED, undisturbed.reason
        for point, nth in POINTS.items():
            for repeat in range(REPEATS):
                bench.control.order(point, "kill", nth)
                run = bench.order(owner)
                wait_for(run, ended)
                wait_for(run, no_sandbox_is_left)
                seconds = recovery_seconds(bench, run)
                found = complaints(bench, run, undisturbed)
                times += [] if seconds is None else [seconds]
                wrong += [f"{point}: {one}" for one in found]
                extra = len(bench.calls_of(run)) - len(bench.calls_of(undisturbed))
                told = "the same" if not found else "; ".join(found)
                say(f"{point:20} {repeat + 1}  recovered in {seconds or 0:5.1f} s  extra calls {extra}  result {told}")
    ordered = sorted(times)
    p50, p95 = at(ordered, 0.5), at(ordered, 0.95)
    say(f"{len(times)} recoveries: p50 {p50:.1f} s, p95 {p95:.1f} s, most {ordered[-1]:.1f} s")
    assert wrong == []
    assert len(times) == len(POINTS) * REPEATS


def at(ordered: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def say(line: str) -> None:
    """Show progress as it comes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
