"""A run that waits goes on by itself when what it waits for is back, or when its person says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.errors import SandboxUnavailable
from agents.types import Awaited
from generations import waiting
from generations.models import Run, RunStatus
from generations.recovery import recover_lost_runs
from tests.factories import MINUTE, make_project, make_run, make_user

pytestmark = pytest.mark.django_db


def waiting_run(waits_for: str, seconds: float = -1, owner: User | None = None) -> Run:
    due = timezone.now() + timedelta(seconds=seconds)
    return make_run(
        make_project(owner), RunStatus.WAITING, waits_for=waits_for, not_before=due, reason="Too many requests."
    )


def status(run: Run) -> str:
    return Run.objects.values_list("status", flat=True).get(pk=run.pk)


@pytest.fixture
def _no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise SandboxUnavailable("No sandbox.")

    monkeypatch.setattr(waiting, "site_sandbox", away)


@pytest.mark.usefixtures("_no_sandbox")
def test_only_those_that_need_a_sandbox_wait_for_it() -> None:
    for_rate, for_model = waiting_run(Awaited.RATE), waiting_run(Awaited.PROVIDER)
    for_sandbox, as_before = waiting_run(Awaited.SANDBOX), waiting_run("")
    recover_lost_runs()
    assert [status(run) for run in (for_rate, for_model)] == [RunStatus.QUEUED] * 2
    assert [status(run) for run in (for_sandbox, as_before)] == [RunStatus.WAITING] * 2


def test_nobody_is_tried_before_the_time() -> None:
    run = waiting_run(Awaited.RATE, 60)
    recover_lost_runs()
    assert status(run) == RunStatus.WAITING


def test_the_next_look_is_when_the_first_is_due() -> None:
    assert waiting.seconds_to_next(5.0) == 5.0
    waiting_run(Awaited.RATE, 600)
    assert waiting.seconds_to_next(5.0) == 5.0
    waiting_run(Awaited.RATE, 2)
    assert 0.5 <= waiting.seconds_to_next(5.0) <= 2


def test_the_page_tells_why_and_until_when(client: Client, user: User) -> None:
    client.force_login(user)
    run = waiting_run(Awaited.RATE, 60, owner=user)
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "Too many requests." in page
    assert "data-until=" in page
    assert reverse("run-try-now", args=[run.pk]) in page


def test_its_person_may_try_now(client: Client, user: User) -> None:
    client.force_login(user)
    run = waiting_run(Awaited.RATE, 600, owner=user)
    assert client.post(reverse("run-try-now", args=[run.pk])).status_code == 302
    run.refresh_from_db()
    assert (run.status, run.not_before, run.waits_for) == (RunStatus.QUEUED, None, "")
    again = client.post(reverse("run-try-now", args=[run.pk]), follow=True)
    assert "does not wait any more" in again.content.decode()


def test_nobody_else_may(client: Client, user: User) -> None:
    client.force_login(user)
    run = waiting_run(Awaited.RATE, 600, owner=make_user())
    assert client.post(reverse("run-try-now", args=[run.pk])).status_code == 404
    assert status(run) == RunStatus.WAITING


def test_a_get_changes_nothing(client: Client, user: User) -> None:
    client.force_login(user)
    run = waiting_run(Awaited.RATE, 600, owner=user)
    assert client.get(reverse("run-try-now", args=[run.pk])).status_code == 405
    assert Run.objects.get(pk=run.pk).not_before > timezone.now() + MINUTE
