"""Runs that nobody looks after are found and brought on."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from agents import sandboxes
from agents.sandboxes.base import SandboxStatus
from generations.delivery import purge_taken_messages, wake_worker
from generations.lease_watch import LeaseWatch
from generations.leases import is_gone, worker_name
from generations.models import Run, RunEvent, RunStatus
from generations.recovery import recover_lost_runs
from tests.factories import MINUTE, claim, make_project, make_run

AGO = timedelta(minutes=5)


def running(**fields: object) -> Run:
    known: dict[str, object] = {
        "lease_owner": "elsewhere",
        "lease_expires_at": timezone.now() - AGO,
        "fence": 1,
        "attempts": 1,
    }
    return make_run(status=RunStatus.RUNNING, **(known | fields))


@pytest.mark.django_db
def test_a_run_whose_lease_is_over_is_queued_again_and_delivered(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    run = running()
    with django_capture_on_commit_callbacks() as callbacks:
        assert recover_lost_runs() == 1
        assert recover_lost_runs() == 0
    run.refresh_from_db()
    assert (run.status, run.lease_owner, run.lease_expires_at, run.attempts) == (RunStatus.QUEUED, "", None, 1)
    assert len(callbacks) == 1
    assert RunEvent.objects.get(run=run).level == "warning"


@pytest.mark.django_db
def test_a_run_with_a_live_lease_is_left_alone() -> None:
    run = running(lease_expires_at=timezone.now() + MINUTE)
    assert recover_lost_runs() == 0
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING


@pytest.mark.django_db
def test_the_run_of_a_dead_process_of_this_machine_is_taken_before_its_lease_is_over() -> None:
    program = "from generations.leases import worker_name; print(worker_name())"
    name = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert name.split("/")[:2] == worker_name().split("/")[:2]
    run = running(lease_owner=name, lease_expires_at=timezone.now() + MINUTE)
    alive = running(lease_owner=worker_name(), lease_expires_at=timezone.now() + MINUTE)
    assert recover_lost_runs() == 1
    assert Run.objects.get(pk=run.pk).status == RunStatus.QUEUED
    assert Run.objects.get(pk=alive.pk).status == RunStatus.RUNNING


def test_only_a_process_that_is_certainly_over_counts_as_gone() -> None:
    host, namespace, pid, started = worker_name().split("/")
    assert not is_gone(worker_name())
    assert is_gone(f"{host}/{namespace}/{pid}/{int(started) + 1}")
    for other in (f"elsewhere/{namespace}/1/1", f"{host}/1/1/1", "", "test-worker", f"{host}/{namespace}/x/1"):
        assert not is_gone(other)


@pytest.mark.django_db
def test_a_run_that_lost_its_worker_too_often_fails_with_that_reason(settings: Settings) -> None:
    run = running(attempts=settings.MAX_ATTEMPTS)
    recover_lost_runs()
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "lost 3 times" in run.reason
    assert run.finished_at is not None
    assert RunEvent.objects.get(run=run).kind == "run_ended"


@pytest.mark.django_db
def test_a_lost_run_that_was_to_stop_is_stopped() -> None:
    run = running(stop_requested_at=timezone.now())
    recover_lost_runs()
    assert Run.objects.get(pk=run.pk).status == RunStatus.STOPPED


@pytest.mark.django_db
def test_a_queued_run_that_was_to_stop_is_stopped() -> None:
    run = make_run(stop_requested_at=timezone.now())
    recover_lost_runs()
    assert Run.objects.get(pk=run.pk).status == RunStatus.STOPPED


@pytest.mark.django_db
def test_a_renewed_lease_wins_against_a_reaper_that_saw_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run = running()
    stale = list(Run.objects.expired())
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() + MINUTE)
    monkeypatch.setattr("generations.recovery._abandoned", lambda _watch: stale)
    assert recover_lost_runs() == 0
    assert Run.objects.get(pk=run.pk).status == RunStatus.RUNNING


class Machine:
    """A sandbox that is there or not."""

    name = "machine"

    def __init__(self, *, available: bool) -> None:
        self._available = available

    def status(self) -> SandboxStatus:
        return SandboxStatus(self._available, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("available", "due", "status"),
    [(True, True, "queued"), (False, True, "waiting"), (True, False, "waiting")],
)
def test_a_waiting_run_goes_on_when_its_sandbox_is_back(
    available: bool, due: bool, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxes, "choose", lambda *_words: Machine(available=available))
    run = make_run(status=RunStatus.WAITING, not_before=timezone.now() + (-AGO if due else AGO))
    recover_lost_runs()
    assert Run.objects.get(pk=run.pk).status == status


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_message_was_lost_is_delivered_again_but_not_twice() -> None:
    make_run(queued_at=timezone.now() - AGO)
    recover_lost_runs()
    assert OrmQ.objects.count() == 1
    recover_lost_runs()
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_just_queued_is_not_delivered_again() -> None:
    make_run()
    recover_lost_runs()
    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_runs_beyond_the_limit_of_their_owner_are_not_delivered(settings: Settings) -> None:
    settings.RUNS_PER_USER = 1
    project = make_project()
    claim(make_run(project))
    make_run(project, queued_at=timezone.now() - AGO)
    recover_lost_runs()
    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_messages_of_workers_that_died_long_ago_are_deleted(settings: Settings) -> None:
    now = timezone.now()
    retry = timedelta(seconds=settings.Q_CLUSTER["retry"])
    for taken_at in (now - timedelta(days=2), now - timedelta(hours=1)):
        OrmQ.objects.create(key="autocoder", payload="", lock=taken_at + retry)
    wake_worker()
    assert purge_taken_messages() == 1
    assert OrmQ.objects.count() == 2


class Clock:
    """A clock that the test sets, as the watch sees it."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock) -> LeaseWatch:
    return LeaseWatch(timedelta(seconds=30), clock)


@pytest.mark.django_db
def test_a_clock_that_jumps_forward_ends_no_lease_of_a_living_worker() -> None:
    clock, run = Clock(), running(lease_expires_at=timezone.now() + timedelta(seconds=30))
    watch = watched(clock)
    assert recover_lost_runs(watch) == 0
    for _ in range(4):
        # The clock is an hour ahead: what was just renewed is over as well.
        Run.objects.filter(pk=run.pk).update(lease_expires_at=F("lease_expires_at") - timedelta(hours=1))
        clock.now += 5
        assert recover_lost_runs(watch) == 0
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() + timedelta(seconds=30))
        clock.now += 5
        assert recover_lost_runs(watch) == 0
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - MINUTE)
    assert recover_lost_runs(watch) == 0
    clock.now += 21
    assert recover_lost_runs(watch) == 1


@pytest.mark.django_db
def test_a_clock_that_is_put_back_does_not_keep_a_dead_worker_alive() -> None:
    clock, run = Clock(), running(lease_expires_at=timezone.now() + timedelta(hours=1))
    watch = watched(clock)
    for seconds, moved in ((0, 0), (25, 0), (10, 1)):
        clock.now += seconds
        assert recover_lost_runs(watch) == moved
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
