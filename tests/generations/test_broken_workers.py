"""Workers that fall asleep, die each time, or lose their database; the others, and the run itself, go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from generations.invariants import violations
from generations.models import Run, RunEvent, RunStatus
from tests.bench import MODEL, PATIENCE, Bench, complaints, ended, no_sandbox_is_left, wait_for
from tests.chaos import locked
from tests.counting_model import POISON
from tests.factories import make_user

LEASE = 6


@pytest.fixture
def bench(process_environment: dict[str, str], settings: Settings, tmp_path: Path) -> Iterator[Bench]:
    settings.SCRIPTED_PROVIDER = MODEL
    with Bench(process_environment, tmp_path, workers=2, lease=LEASE).started() as started:
        yield started


def undisturbed(bench: Bench) -> Run:
    run = bench.order(make_user())
    wait_for(run, ended)
    assert run.status == RunStatus.SUCCEEDED, run.reason
    return run


def log_of(bench: Bench) -> str:
    return (bench.folder / "cluster.log").read_text()


@pytest.mark.sandbox
def test_a_worker_that_wakes_up_after_its_lease_writes_nothing_more(bench: Bench) -> None:
    usual = undisturbed(bench)
    bench.control.order("container_finished", "pause", 2)
    run = bench.order(make_user())
    wait_for(run, ended)
    wait_for(run, no_sandbox_is_left)
    [fired] = bench.control.fired()
    before = (run.last_seq, run.fence, list(run.checkpoints.values_list("pk", flat=True)))
    os.kill(int(str(fired["pid"])), signal.SIGCONT)
    wait_for(run, lambda _run: f"Run {run.pk} is not this worker's any more" in log_of(bench))
    assert run.fence == 2
    assert (run.last_seq, run.fence, list(run.checkpoints.values_list("pk", flat=True))) == before
    assert complaints(bench, run, usual, lost=0) == []


def test_a_run_that_kills_its_worker_each_time_ends_and_leaves_others_alone(bench: Bench) -> None:
    poison = bench.order(make_user(), f"A {POISON} tool")
    good = bench.order(make_user())
    wait_for(poison, ended)
    wait_for(good, ended)
    assert poison.status == RunStatus.FAILED
    assert "The worker was lost 3 times" in poison.reason
    assert len(bench.calls_of(poison)) == 3
    assert list(poison.model_calls.values_list("outcome", flat=True)) == ["lost"] * 3
    assert (good.status, good.fence) == (RunStatus.SUCCEEDED, 1)
    wait_for(good, no_sandbox_is_left)
    assert violations() == []


@pytest.mark.sandbox
def test_a_cluster_that_is_killed_whole_loses_nothing(bench: Bench) -> None:
    owner, usual = make_user(), undisturbed(bench)
    runs = [bench.order(owner) for _ in range(3)]
    wait_for(runs[0], lambda run: run.checkpoints.exists())
    bench.kill("cluster")
    bench.kill("reaper")
    bench.start("reaper")
    bench.start("cluster")
    for run in runs:
        wait_for(run, ended)
        wait_for(run, no_sandbox_is_left)
        assert complaints(bench, run, usual) == []


@pytest.mark.sandbox
@pytest.mark.parametrize("seconds", [3 * LEASE])
def test_a_database_that_is_locked_for_longer_than_a_lease_costs_time_only(
    bench: Bench, process_environment: dict[str, str], seconds: int
) -> None:
    usual = undisturbed(bench)
    run = bench.order(make_user())
    wait_for(run, lambda run: run.checkpoints.exists())
    holder = locked(process_environment, seconds)
    assert holder.wait(PATIENCE) == 0
    wait_for(run, ended)
    wait_for(run, no_sandbox_is_left)
    assert complaints(bench, run, usual) == []
    assert not RunEvent.objects.filter(run=run, kind="run_ended", payload__status="stopped").exists()
