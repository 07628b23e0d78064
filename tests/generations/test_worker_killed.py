"""A real worker is killed in the middle of a real run; the run goes on and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from generations.launch import RunOrder, start_run
from generations.models import Run, RunEvent, RunStatus
from generations.recovery import remove_orphaned_sandboxes
from generations.wiring import installation, site_sandbox
from tests.factories import make_user

ROOT = Path(__file__).resolve().parent.parent.parent
PROMPT = "Create a REST API for weather forecasts"
PATIENCE = 300.0


@contextmanager
def services(environment: dict[str, str]) -> Iterator[None]:
    """A queue cluster and a reaper on the test's database, ended with all their children."""
    started = [
        subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, env=environment, start_new_session=True)
        for words in (["qcluster"], ["recover_runs", "--forever"])
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        remove_orphaned_sandboxes()


def wait_for(run: Run, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        run.refresh_from_db()
        log = "\n".join(str(event.payload) for event in RunEvent.objects.filter(run=run).order_by("-seq")[:10])
        assert time.monotonic() < until, f"{run.status} {run.reason}\n{log}"
        time.sleep(0.1)


def ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.ended


def after_three_stages(run: Run) -> bool:
    return run.checkpoints.count() >= 3


def inside_the_sandbox(run: Run) -> bool:
    return RunEvent.objects.filter(run=run, kind="command_run", stage="execution").exists()


def test_processes_on_one_database_are_one_installation(process_environment: dict[str, str]) -> None:
    program = "import django; django.setup(); from generations.wiring import installation; print(installation())"
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=process_environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == installation()


@pytest.mark.sandbox
@pytest.mark.parametrize("moment", [after_three_stages, inside_the_sandbox])
def test_a_killed_worker_costs_nothing_but_time(
    moment: Callable[[Run], bool], process_environment: dict[str, str], settings: Settings
) -> None:
    settings.SCRIPTED_PROVIDER = "tests.slow_offline.SlowOfflineProvider"
    environment = {**process_environment, "SCRIPTED_PROVIDER": "tests.slow_offline.SlowOfflineProvider"}
    owner = make_user()
    with services(environment):
        run = start_run(owner, RunOrder(prompt=PROMPT, profile="scripted"))
        wait_for(run, lambda: moment(run))
        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING
        done_before = list(run.checkpoints.values_list("pk", flat=True))
        os.kill(int(run.lease_owner.split("/")[2]), signal.SIGKILL)
        wait_for(run, lambda: Run.objects.filter(pk=run.pk, fence=2).exists())
        wait_for(run, lambda: ended(run))
        undisturbed = start_run(owner, RunOrder(prompt=PROMPT, profile="scripted"))
        wait_for(undisturbed, lambda: ended(undisturbed))
        wait_for(run, lambda: site_sandbox().remove_orphans(set()) == 0)
    assert (run.status, run.reason) == (undisturbed.status, undisturbed.reason)
    stages = Counter(run.checkpoints.filter(status="succeeded").values_list("stage", flat=True))
    assert len(stages) == 8
    assert set(stages.values()) == {1}
    assert set(done_before) < set(run.checkpoints.values_list("pk", flat=True))
    assert run.checkpoints.last().tree == undisturbed.checkpoints.last().tree
    numbers = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    finished = RunEvent.objects.filter(run=run, kind="stage_finished").values_list("payload", flat=True)
    # A kill between a checkpoint and its event costs the event: the checkpoint is what counts.
    assert Counter(event["stage"] for event in finished) <= stages
