"""A run waits for a provider that is down, but not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.events import ModelCalled
from generations import launch
from generations.events import append_events
from generations.models import CallLimit, KeyState, Run, RunStatus
from generations.order import RunOrder
from generations.provider_outages import patience_left
from generations.recovery import recover_lost_runs
from generations.tasks import execute_run
from tests.model_endpoint import ModelEndpoint, model_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture
def down(settings: Settings) -> Iterator[ModelEndpoint]:
    """An endpoint that is down and says when it may be back."""
    with model_endpoint() as server:
        settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = server.base_url, "small"
        settings.MODEL_PROVIDER, settings.SCRIPTED_PROVIDER = "", ""
        CallLimit.objects.all().delete()
        server.broken, server.headers = {"small": 503}, {"Retry-After": "7200"}
        yield server


def started(user: User) -> Run:
    order = RunOrder(prompt="Add numbers", profile="custom", extra={"approves": True})
    return tried(launch.start_run(user, order, deliver=False))


def tried(run: Run) -> Run:
    execute_run(str(run.pk))
    run.refresh_from_db()
    return run


def later(run: Run, passed: timedelta) -> Run:
    """So much time passes, and the run is tried again."""
    for event in run.events.all():
        run.events.filter(pk=event.pk).update(at=event.at - passed)
    KeyState.objects.all().delete()
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now())
    recover_lost_runs()
    return tried(run)


def test_after_a_day_without_an_answer_it_fails_and_can_be_resumed(down: ModelEndpoint, user: User) -> None:
    run = started(user)
    assert (run.status, run.waits_for) == (RunStatus.WAITING, "provider")
    assert later(run, 23 * HOUR).status == RunStatus.WAITING
    assert run.not_before is not None
    assert run.not_before < timezone.now() + 1.1 * HOUR, "it is tried once more when the day is over, not an hour later"
    run = later(run, 2 * HOUR)
    assert run.status == RunStatus.FAILED
    assert "is down or overloaded" in run.reason
    assert "It was tried for 24 h; resume the run when it answers again." in run.reason
    assert len(down.asked) == 3
    KeyState.objects.all().delete()
    assert tried(launch.resume_run(run)).status == RunStatus.WAITING, "whoever resumes it gives it another day"
    down.broken = {}
    assert "waits for your approval" in later(run, HOUR).reason


def test_an_answer_begins_the_time_anew(down: ModelEndpoint, user: User) -> None:
    run = later(started(user), 20 * HOUR)
    assert patience_left(run) < 5 * HOUR
    called = {"stage": "code", "role": "coder", "purpose": "source", "provider": "custom", "model": "small"}
    append_events(run.pk, [ModelCalled(**called, outcome="ProviderError")])
    assert patience_left(run) < 5 * HOUR
    append_events(run.pk, [ModelCalled(**called, outcome="ok")])
    assert patience_left(run) == 24 * HOUR
