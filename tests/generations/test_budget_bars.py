"""What the run page shows of a run's limits: spent, held, and what it will probably be in the end."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from generations.models import Checkpoint, CheckpointStatus, ModelCall, Run, RunStatus
from generations.run_budget import bars_of
from tests.factories import make_project, make_run

pytestmark = pytest.mark.django_db


def hold(run: Run, tokens: int) -> None:
    """A call of the run is under way."""
    fields = {"stage": "code", "role": "coder", "request": [], "seconds": 0}
    ModelCall.objects.create(run=run, fence=run.fence, outcome="in flight", held_tokens=tokens, **fields)


def test_the_bars_show_what_is_spent_and_held() -> None:
    run = make_run(status=RunStatus.RUNNING, fence=1, tokens=850, settings={"max_tokens": 1000})
    hold(run, 400)
    (bar,) = bars_of(run)
    assert (bar.share, bar.held_share, bar.colour) == (85, 15, "warning")
    assert bars_of(make_run(settings={})) == []


def stage_done(run: Run, stage: str, tokens: int) -> None:
    """A stage with a checkpoint, and the call that it took."""
    number = run.checkpoints.count() + 1
    Checkpoint.objects.create(run=run, number=number, stage=stage, status=CheckpointStatus.SUCCEEDED, seconds=1)
    took(run, stage, tokens)


def took(run: Run, stage: str, tokens: int) -> None:
    fields = {"role": "coder", "request": [], "seconds": 0, "outcome": "ok"}
    ModelCall.objects.create(run=run, stage=stage, prompt_tokens=tokens, completion_tokens=0, **fields)


def test_the_bar_tells_what_it_will_probably_be_in_the_end(client: Client, user: User) -> None:
    client.force_login(user)
    settings = {"max_tokens": 1000, "budget_usd": "2.00"}
    fields = {"tokens": 150, "cost_usd": Decimal("0.30"), "provider_profile": "custom", "settings": settings}
    run = make_run(make_project(user), RunStatus.RUNNING, **fields)
    took(run, "requirements", 100)
    assert [bar.forecast for bar in bars_of(run)] == [None, None], "nothing is known before a stage is done"
    stage_done(run, "structure", 50)
    Run.objects.filter(pk=run.pk).update(tokens=150)
    # One of eight stages took 50.
    money, tokens = bars_of(run)
    assert (tokens.forecast, tokens.forecast_share, tokens.too_little) == (400, 40, False)
    assert (money.forecast, money.too_little) == (Decimal("0.80"), False)
    assert "probably 400 in the end" in client.get(reverse("run", args=[run.pk])).content.decode()
    # In an earlier run that stage was the twentieth part.
    before = make_run(run.project, RunStatus.SUCCEEDED, tokens=1_000, provider_profile="custom")
    took(before, "structure", 50)
    took(before, "code", 950)
    assert [bar.forecast for bar in bars_of(run)] == [Decimal("2.00"), 1_000]
    took(before, "tests", 1_000)
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "probably 2,000 in the end, more than the limit" in page
    run.status = RunStatus.FAILED
    assert [bar.forecast for bar in bars_of(run)] == [None, None]


def test_the_bar_warns_from_80_percent_on(client: Client, user: User) -> None:
    client.force_login(user)
    run = make_run(make_project(user), RunStatus.RUNNING, tokens=799, settings={"max_tokens": 1000})
    said = "Most of the limit is spent"
    assert said not in client.get(reverse("run", args=[run.pk])).content.decode()
    Run.objects.filter(pk=run.pk).update(tokens=800)
    assert said in client.get(reverse("run", args=[run.pk])).content.decode()
