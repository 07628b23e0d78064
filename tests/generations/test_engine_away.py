"""The Docker engine is away before, during and at the end of a run: it waits with the reason and goes on by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from generations import tasks
from generations.halting import request_stop
from generations.models import Run, RunStatus
from generations.recovery import remove_orphaned_sandboxes
from tests.bench import MODEL, Bench, complaints, ended, no_sandbox_is_left, wait_for
from tests.counting_model import SMALL
from tests.engine_cable import EngineCable
from tests.factories import make_user

PROMPT = f"A {SMALL} tool that adds the numbers it is given"


@pytest.fixture
def cable() -> Iterator[EngineCable]:
    plugged = EngineCable()
    yield plugged
    plugged.throw_away()


@pytest.fixture
def bench(
    process_environment: dict[str, str], settings: Settings, tmp_path: Path, cable: EngineCable
) -> Iterator[Bench]:
    settings.SCRIPTED_PROVIDER, settings.SANDBOX = MODEL, "docker"
    environment = {**process_environment, "DOCKER_HOST": cable.host, "SANDBOX": "docker"}
    with Bench(environment, tmp_path, lease=60).started() as started:
        yield started


def goes_on(run: Run) -> None:
    """Nobody wants to wait for the time of its next try."""
    Run.objects.filter(pk=run.pk, status=RunStatus.WAITING).update(not_before="2001-01-01T00:00Z")
    wait_for(run, ended)


def stopped_at(bench: Bench, point: str, run: Run) -> int:
    """The worker of a run, asleep at a point of it."""
    before = len(bench.control.fired())
    wait_for(run, lambda _run: len(bench.control.fired()) > before)
    return int(str(bench.control.fired()[-1]["pid"]))


@pytest.mark.sandbox
def test_a_run_waits_for_the_engine_and_goes_on(bench: Bench, cable: EngineCable) -> None:
    owner = make_user()
    usual = bench.order(owner, PROMPT)
    wait_for(usual, ended)
    cable.pull_out()
    early = bench.order(owner, PROMPT)
    wait_for(early, lambda run: run.status == RunStatus.WAITING)
    assert "No Docker engine answers" in early.reason
    cable.plug_in()
    goes_on(early)
    assert complaints(bench, early, usual, lost=0) == []

    bench.control.order("container_finished", "pause", 2)
    amid = bench.order(owner, PROMPT)
    worker = stopped_at(bench, "container_finished", amid)
    cable.pull_out()
    os.kill(worker, signal.SIGCONT)
    wait_for(amid, lambda run: run.status == RunStatus.WAITING or run.ended)
    assert (amid.status, amid.reason) == (RunStatus.WAITING, tasks.SANDBOX_BROKE)
    cable.plug_in()
    goes_on(amid)
    assert complaints(bench, amid, usual, lost=0) == []

    bench.control.order("container_created", "pause", 1)
    late = bench.order(owner, PROMPT)
    worker = stopped_at(bench, "container_created", late)
    cable.pull_out()
    request_stop(late)
    os.kill(worker, signal.SIGCONT)
    wait_for(late, ended)
    assert late.status == RunStatus.STOPPED
    cable.plug_in()
    remove_orphaned_sandboxes()
    wait_for(late, no_sandbox_is_left)
