"""A run pauses at its limits and goes on with more; a person's day holds over all their runs and workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.asking import ask
from agents.errors import ProviderError, ReplyError, Waiting
from agents.providers.base import Reply, Request
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.types import Purpose, Role, StageName
from generations import launch
from generations.allowances import check_day, day_of
from generations.endings import end
from generations.models import (
    Allowance,
    CallLimit,
    DaySpending,
    ModelCall,
    Run,
    RunStatus,
)
from generations.order import RunOrder
from generations.run_budget import limits_of
from generations.tasks import execute_run
from tests.agents.engine import make_context
from tests.factories import claim, make_project, make_run, make_user
from tests.model_endpoint import ModelEndpoint, model_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

RACE = """
import sys, django
django.setup()
from generations.tasks import execute_run
sys.stdin.readline()
execute_run(sys.argv[1])
"""
RACERS = 6


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelEndpoint]:
    with model_endpoint() as server:
        settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = server.base_url, "small"
        settings.CUSTOM_MAX_OUTPUT_TOKENS = 2_000
        settings.MODEL_PROVIDER, settings.SCRIPTED_PROVIDER = "", ""
        CallLimit.objects.all().delete()
        yield server


def order(**fields: object) -> RunOrder:
    """One call, then the run rests until its person approves the plan."""
    return RunOrder(prompt="Add numbers", profile="custom", extra={"approves": True}, **fields)


def executed(run: Run) -> Run:
    execute_run(str(run.pk))
    run.refresh_from_db()
    return run


def test_a_run_pauses_at_its_limit_and_goes_on_with_more(endpoint: ModelEndpoint, client: Client, user: User) -> None:
    client.force_login(user)
    run = executed(launch.start_run(user, order(max_tokens=500), deliver=False))
    assert (run.status, run.waits_for) == (RunStatus.PAUSED, "budget")
    assert endpoint.asked == [], "what might pass the limit is not asked"
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "Add and go on from here" in page

    client.post(reverse("run-resume", args=[run.pk]), {"add_tokens": "20000"})
    run.refresh_from_db()
    assert (run.status, run.waits_for, limits_of(run).tokens) == (RunStatus.QUEUED, "", 20_500)
    run = executed(run)
    assert "waits for your approval" in run.reason
    assert len(endpoint.asked) == 1
    totals = ModelCall.objects.filter(run=run).aggregate(
        prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens")
    )
    assert totals == {"prompt": 100, "completion": 50}, "the ledger is what the endpoint counted"
    assert run.tokens == 150


@pytest.mark.parametrize("amount", ["-5", "a lot", "9" * 30])
def test_an_amount_that_is_none_changes_nothing(client: Client, user: User, amount: str) -> None:
    client.force_login(user)
    run = make_run(make_project(user), RunStatus.PAUSED, waits_for="budget", settings={"max_tokens": 500})
    client.post(reverse("run-resume", args=[run.pk]), {"add_tokens": amount})
    run.refresh_from_db()
    assert (run.status, run.settings) == (RunStatus.PAUSED, {"max_tokens": 500})


def test_without_a_figure_as_much_again_is_granted() -> None:
    settings = {"budget_usd": "0.50", "max_tokens": 500, "grants": 2}
    run = make_run(status=RunStatus.PAUSED, waits_for="budget", settings=settings)
    launch.resume_run(run)
    assert (limits_of(run).usd, limits_of(run).tokens) == (Decimal("1.50"), 1500)


def test_another_pause_grants_nothing() -> None:
    run = make_run(status=RunStatus.PAUSED, waits_for="credit", settings={"max_tokens": 500})
    launch.resume_run(run)
    assert limits_of(run).tokens == 500


def test_the_day_of_a_person_holds_over_their_runs(endpoint: ModelEndpoint, user: User) -> None:
    Allowance.objects.create(owner=user, tokens_per_day=6_000)
    runs = [executed(launch.start_run(user, order(), deliver=False)) for _ in range(2)]
    assert [run.status for run in runs] == [RunStatus.PAUSED] * 2
    DaySpending.objects.filter(owner=user).update(tokens=5_900)
    run = executed(launch.start_run(user, order(), deliver=False))
    assert (run.status, run.waits_for) == (RunStatus.WAITING, "allowance")
    assert "5,900 of your 6,000 tokens a day" in run.reason
    assert "The day ends at 00:00 UTC" in run.reason
    assert "an administrator can raise the limit" in run.reason
    assert len(endpoint.asked) == 2
    assert not ModelCall.objects.filter(run=run).exists(), "a call that was not made is not in the ledger"
    other = executed(launch.start_run(make_user(), order(), deliver=False))
    assert other.status == RunStatus.PAUSED, "it is nobody else's limit"


def test_a_new_day_begins_with_nothing_spent(user: User) -> None:
    Allowance.objects.create(owner=user, usd_per_day=Decimal("1.00"))
    DaySpending.objects.create(owner=user, day=timezone.now().date(), cost_usd=Decimal("0.99"))
    with pytest.raises(Waiting) as caught:
        check_day(user, 10, Decimal("0.02"))
    assert 0 < caught.value.seconds <= 86_400
    check_day(user, 10, Decimal("0.02"), timezone.now() + timedelta(days=1))


def test_deleting_a_run_gives_nothing_back(endpoint: ModelEndpoint, user: User) -> None:
    run = executed(launch.start_run(user, order(), deliver=False))
    assert day_of(user).tokens == 150
    run.project.delete()
    assert day_of(user).tokens == 150


def test_a_lost_worker_holds_nothing(user: User) -> None:
    run = claim(make_run(make_project(user))).run
    ModelCall.objects.create(
        run=run,
        fence=run.fence,
        outcome="in flight",
        held_tokens=400,
        seconds=0,
        request=[],
        stage="code",
        role="coder",
    )
    assert day_of(user).tokens == 400
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert day_of(user).tokens == 0


def test_workers_that_race_for_the_last_of_the_day(
    endpoint: ModelEndpoint, user: User, process_environment: dict[str, str]
) -> None:
    """Room for one call's estimate: one of them gets it, whatever the order."""
    endpoint.seconds = 2.0
    Allowance.objects.create(owner=user, tokens_per_day=6_000)
    runs = [launch.start_run(user, order(), deliver=False) for _ in range(RACERS)]
    environment = {
        **process_environment,
        "CUSTOM_BASE_URL": endpoint.base_url,
        "CUSTOM_MODEL": "small",
        "CUSTOM_MAX_OUTPUT_TOKENS": "4000",
    }
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE, str(run.pk)], env=environment, stdin=subprocess.PIPE, text=True)
        for run in runs
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert [racer.wait(timeout=300) for racer in racers] == [0] * RACERS
    assert 1 <= len(endpoint.asked) < RACERS
    assert day_of(user).tokens == 150 * len(endpoint.asked) <= 6_000
    states = list(Run.objects.values_list("status", flat=True))
    assert states.count(RunStatus.PAUSED) == len(endpoint.asked)
    assert states.count(RunStatus.WAITING) == RACERS - len(endpoint.asked)


def test_the_form_says_what_is_left_of_the_day(client: Client, user: User, endpoint: ModelEndpoint) -> None:
    client.force_login(user)
    Allowance.objects.create(owner=user, tokens_per_day=6_000)
    shown = client.get(reverse("run-estimate"), {"profile": "custom"}).content.decode()
    assert "6,000 tokens" in shown
    assert "at a price that is not known" in shown
    assert "cannot bound a model without a price" in shown


def test_a_run_that_ends_otherwise_is_not_at_its_limit() -> None:
    journal = claim(make_run(settings={"max_tokens": 500}))
    end(journal, RunStatus.PAUSED, "Paused at your request.")
    assert json.dumps(Run.objects.get(pk=journal.run.pk).waits_for) == '""'


def unusable(_request: Request) -> Reply:
    return Reply("bad", "stop", "m", 10, 5)


def cut(_request: Request) -> Reply:
    return Reply("Half", "length", "m", 10, 5)


def refused(_request: Request) -> Reply:
    raise ProviderError("Too many requests.", retry=True, retry_after=0, kind="rate")


@pytest.mark.parametrize("first", [unusable, cut, refused])
def test_each_further_try_within_a_stage_is_checked_too(user: User, first: Callable[[Request], Reply]) -> None:
    """Whatever makes it ask again: what another run of the person took meanwhile counts."""
    Allowance.objects.create(owner=user, tokens_per_day=60_000)

    def answer(request: Request) -> Reply:
        DaySpending.objects.filter(owner=user).update(tokens=59_000)
        return first(request)

    def read(_text: str) -> str:
        raise ReplyError("This is bad.")

    context, provider, _notebook = make_context(answer)
    journal = claim(make_run(make_project(user)))
    context = replace(context, journal=journal)
    question = question_for(context, RunState(prompt="Add"), Asker(StageName.CODE, Role.CODER, Purpose.IMAGE))
    with pytest.raises(Waiting, match="of your 60,000 tokens a day"):
        ask(context, question, read)
    assert len(provider.requests) == 1
    assert ModelCall.objects.count() == 1
