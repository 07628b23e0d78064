"""A real worker is killed at each point of a run; the run goes on elsewhere and nothing is lost or done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from agents.faults import Point
from generations.models import Run, RunStatus
from tests.bench import MODEL, POINTS, Bench, complaints, ended, no_sandbox_is_left, wait_for
from tests.factories import make_user


@pytest.fixture
def bench(process_environment: dict[str, str], settings: Settings, tmp_path: Path) -> Iterator[Bench]:
    settings.SCRIPTED_PROVIDER = MODEL
    with Bench(process_environment, tmp_path, lease=6).started() as started:
        yield started


@pytest.mark.sandbox
def test_a_killed_worker_costs_time_and_at_most_one_call(bench: Bench) -> None:
    owner = make_user()
    undisturbed = bench.order(owner)
    wait_for(undisturbed, ended)
    assert undisturbed.status == RunStatus.SUCCEEDED
    wrong = {}
    for number, (point, nth) in enumerate(POINTS.items(), 1):
        bench.control.order(point, "kill", nth)
        run = bench.order(owner)
        wait_for(run, ended)
        assert [one["point"] for one in bench.control.fired()][number - 1 :] == [point]
        wait_for(run, no_sandbox_is_left)
        assert Run.objects.get(pk=run.pk).fence == 2
        if found := complaints(bench, run, undisturbed):
            wrong[point] = found
    assert wrong == {}


def test_every_point_of_a_run_is_tried() -> None:
    # A restore is no run; it is killed in test_restore.py.
    assert set(POINTS) == set(Point.__args__) - {"database_restored"}
