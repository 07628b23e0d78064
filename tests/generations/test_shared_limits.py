"""Whole runs, real workers and a real endpoint: nobody asks more than a key allows, and nobody fails for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import Count, Q
from django.utils import timezone
from pytest_django.fixtures import Settings

from generations import launch
from generations.models import CallLimit, KeyState, ModelCall, Run, RunStatus
from generations.order import RunOrder
from generations.recovery import recover_lost_runs
from generations.tasks import execute_run
from tests.factories import make_user
from tests.model_endpoint import ModelEndpoint, model_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

WORK = """
import time, django
django.setup()
from generations.models import Run, RunStatus
from generations.recovery import recover_lost_runs
from generations.tasks import execute_next
while Run.objects.filter(status__in=("queued", "running", "waiting")).exists():
    recover_lost_runs()
    execute_next()
    time.sleep(0.1)
"""
PLACES, WORKERS, OWNERS, RUNS = 5, 7, 10, 50


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelEndpoint]:
    """The own endpoint of this site."""
    with model_endpoint() as server:
        settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = server.base_url, "small"
        settings.MODEL_PROVIDER, settings.SCRIPTED_PROVIDER = "", ""
        CallLimit.objects.all().delete()
        yield server


def order(**fields: object) -> RunOrder:
    """One call, the plan's; then the run rests until its person approves it."""
    return RunOrder(prompt="Add numbers", profile="custom", extra={"approves": True}, **fields)


def started(**fields: object) -> Run:
    return launch.start_run(make_user(), order(**fields), deliver=False)


def test_fifty_runs_share_five_places(endpoint: ModelEndpoint, process_environment: dict[str, str]) -> None:
    CallLimit.objects.create(provider="custom", calls_at_once=PLACES)
    endpoint.places, endpoint.seconds = PLACES, 1.5
    for owner in [make_user() for _ in range(OWNERS)]:
        for _ in range(RUNS // OWNERS):
            launch.start_run(owner, order())
    environment = {**process_environment, "CUSTOM_BASE_URL": endpoint.base_url, "CUSTOM_MODEL": "small"}
    workers = [subprocess.Popen([sys.executable, "-c", WORK], env=environment) for _ in range(WORKERS)]
    assert [worker.wait(timeout=300) for worker in workers] == [0] * WORKERS
    assert set(Run.objects.values_list("status", flat=True)) == {RunStatus.PAUSED}, "each run has its plan, none failed"
    assert len(endpoint.asked) == RUNS, "nothing was asked twice"
    assert endpoint.refused == 0
    assert 1 < endpoint.most_at_once <= PLACES


def test_no_owner_waits_for_another_ones_queue(endpoint: ModelEndpoint, settings: Settings) -> None:
    busy, late = make_user(), make_user()
    for _ in range(20):
        launch.start_run(busy, order(), deliver=False)
    first = Run.objects.earliest("queued_at")
    Run.objects.claim(first.pk, worker="one", lease=timedelta(minutes=1))
    wanted = launch.start_run(late, order(), deliver=False)
    assert Run.objects.runnable(settings.RUNS_PER_USER).first() == wanted


def test_a_run_that_used_up_the_day_goes_on_the_next(endpoint: ModelEndpoint) -> None:
    endpoint.broken, endpoint.headers = {"small": 429}, {"Retry-After": "7200"}
    run = started()
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.waits_for, run.attempts) == (RunStatus.WAITING, "rate", 0)
    assert run.not_before > timezone.now() + timedelta(minutes=110)
    assert "too many requests" in run.reason
    assert len(endpoint.asked) == 1, "a long wait is not tried out"
    other = started()
    execute_run(str(other.pk))
    assert len(endpoint.asked) == 1, "nobody else asks before either"
    assert Run.objects.get(pk=other.pk).status == RunStatus.WAITING

    endpoint.broken = {}
    earlier = timezone.now() - timedelta(seconds=1)
    KeyState.objects.exclude(blocked_until=None).update(blocked_until=earlier)
    Run.objects.update(not_before=earlier)
    recover_lost_runs()
    for one in (run, other):
        execute_run(str(one.pk))
        assert Run.objects.get(pk=one.pk).status == RunStatus.PAUSED


def test_a_configured_day_limit_is_kept_without_asking(endpoint: ModelEndpoint) -> None:
    CallLimit.objects.create(provider="custom", requests_per_day=1)
    for _ in range(3):
        execute_run(str(started().pk))
    assert len(endpoint.asked) == 1
    ends = Run.objects.aggregate(
        planned=Count("pk", filter=Q(status=RunStatus.PAUSED)), waiting=Count("pk", filter=Q(status=RunStatus.WAITING))
    )
    assert ends == {"planned": 1, "waiting": 2}
    assert "1 of 1 requests of today are used" in Run.objects.filter(status=RunStatus.WAITING).first().reason


def test_a_short_wait_is_sat_through(endpoint: ModelEndpoint) -> None:
    endpoint.refuse, endpoint.headers = 1, {"Retry-After": "1"}
    run = started()
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.PAUSED, run.reason
    assert endpoint.refused == 1
    assert [call.outcome for call in ModelCall.objects.filter(run=run)] == ["ProviderError", "ok"]


def test_an_endpoint_that_is_down_is_waited_for(endpoint: ModelEndpoint) -> None:
    endpoint.broken, endpoint.headers = {"small": 503}, {"Retry-After": "0"}
    run = started()
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.waits_for) == (RunStatus.WAITING, "provider")
    assert "down or overloaded" in run.reason
    assert len(endpoint.asked) == 3
    endpoint.broken = {}
    KeyState.objects.update(blocked_until=None)
    Run.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    recover_lost_runs()
    execute_run(str(run.pk))
    assert Run.objects.get(pk=run.pk).status == RunStatus.PAUSED


def test_an_account_without_credit_pauses_the_run(endpoint: ModelEndpoint) -> None:
    endpoint.broken = {"small": 402}
    run = started()
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.PAUSED
    assert "no credit left" in run.reason
    assert "Top it up" in run.reason
    endpoint.broken = {}
    launch.resume_run(run)
    execute_run(str(run.pk))
    assert "plan waits for your approval" in Run.objects.get(pk=run.pk).reason
