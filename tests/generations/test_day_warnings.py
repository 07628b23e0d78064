"""What a person is told of their day: once when most of it is spent, and how a run goes on after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.context import CallRecord
from agents.types import Purpose, Role, StageName
from generations import launch
from generations.journal import RunJournal
from generations.models import Allowance, CallLimit, DaySpending, Run, RunStatus
from generations.order import RunOrder
from generations.recovery import recover_lost_runs
from generations.tasks import execute_run
from tests.factories import claim, make_project, make_run, make_user
from tests.model_endpoint import ModelEndpoint, model_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

TOLD = "tokens for today are spent"


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelEndpoint]:
    with model_endpoint() as server:
        settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = server.base_url, "small"
        settings.CUSTOM_MAX_OUTPUT_TOKENS = 2_000
        settings.MODEL_PROVIDER, settings.SCRIPTED_PROVIDER = "", ""
        CallLimit.objects.all().delete()
        yield server


def spend(journal: RunJournal, tokens: int, cost: float = 0.0) -> None:
    """A call of the run took so much."""
    record = CallRecord(
        stage=StageName.CODE, role=Role.CODER, purpose=Purpose.SOURCE, provider="custom", model="m", outcome="ok",
        messages=(), reply="", prompt_tokens=tokens, completion_tokens=0, cost_usd=cost, seconds=0.0,
    )  # fmt: skip
    journal.record_call(record)


def warnings(owner: User) -> list[str]:
    lines = Run.objects.for_user(owner).values_list("events__payload", flat=True).order_by("events__at")
    return [line["text"] for line in lines if line and "for today are spent" in line.get("text", "")]


def test_most_of_the_day_spent_is_said_once_over_all_runs(user: User) -> None:
    Allowance.objects.create(owner=user, tokens_per_day=1_000, usd_per_day=Decimal("1.00"))
    first, second = (claim(make_run(make_project(user, name))) for name in ("One", "Two"))
    spend(first, 799)
    assert warnings(user) == []
    spend(second, 2)
    assert warnings(user) == ["801 of your 1,000 tokens for today are spent. At 100 % your runs wait for the next day."]
    spend(first, 50)
    spend(second, 10, 0.79)
    assert len(warnings(user)) == 1
    spend(first, 10, 0.02)
    assert warnings(user)[1:] == ["$0.81 of your $1.00 for today are spent. At 100 % your runs wait for the next day."]
    events = first.run.events.filter(kind="log_line", level="warning")
    assert events.count() == 1, "the run that passed the mark has it in its log"


def test_the_warning_comes_anew_on_the_next_day_and_to_nobody_without_a_limit(user: User) -> None:
    Allowance.objects.create(owner=user, tokens_per_day=1_000)
    journal, other = claim(make_run(make_project(user))), claim(make_run())
    spend(journal, 900)
    spend(other, 900_000)
    DaySpending.objects.update(day=timezone.now().date() - timedelta(days=1))
    spend(journal, 900)
    assert len(warnings(user)) == 2
    assert warnings(other.run.project.owner) == []


def test_the_pages_say_how_far_the_day_is(client: Client, user: User) -> None:
    client.force_login(user)
    Allowance.objects.create(owner=user, tokens_per_day=1_000)
    journal = claim(make_run(make_project(user)))
    pages = [reverse("home"), reverse("run", args=[journal.run.pk])]

    def shown() -> list[str]:
        return [client.get(page).content.decode() for page in pages]

    spend(journal, 799)
    assert not any("Your day." in page for page in shown())
    spend(journal, 11)
    for page in shown():
        assert "810 of your 1,000 tokens for today are spent, 81 %." in page
        assert "The day ends at 00:00 UTC" in page
    spend(journal, 190)
    for page in shown():
        assert "1,000 of your 1,000 tokens for today are spent." in page
        assert "an administrator can raise the limit under Administration, Allowances." in page
    client.force_login(make_user())
    assert "Your day." not in client.get(pages[0]).content.decode()


def waiting_for_the_day(user: User) -> Run:
    """A run that found the day used up."""
    Allowance.objects.create(owner=user, tokens_per_day=6_000)
    DaySpending.objects.create(owner=user, day=timezone.now().date(), tokens=5_900)
    order = RunOrder(prompt="Add numbers", profile="custom", extra={"approves": True})
    run = launch.start_run(user, order, deliver=False)
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.waits_for) == (RunStatus.WAITING, "allowance")
    return run


def gone_on(run: Run) -> Run:
    recover_lost_runs()
    execute_run(str(run.pk))
    run.refresh_from_db()
    return run


def test_a_run_goes_on_by_itself_the_next_day(endpoint: ModelEndpoint, user: User) -> None:
    run = waiting_for_the_day(user)
    assert run.not_before is not None
    midnight = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert midnight <= run.not_before < midnight + timedelta(hours=1)
    assert gone_on(run).status == RunStatus.WAITING, "not before that"
    assert endpoint.asked == []
    # A night passes.
    DaySpending.objects.update(day=timezone.now().date() - timedelta(days=1))
    Run.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert "waits for your approval" in gone_on(run).reason
    assert len(endpoint.asked) == 1


def test_a_raised_limit_lets_it_go_on_at_once(endpoint: ModelEndpoint, user: User, admin_client: Client) -> None:
    run = waiting_for_the_day(user)
    others = make_run(status=RunStatus.WAITING, waits_for="allowance", not_before=timezone.now() + timedelta(hours=1))
    page = reverse("admin:generations_allowance_change", args=[user.pk])
    admin_client.post(page, {"owner": user.pk, "tokens_per_day": "20000", "usd_per_day": ""})
    assert "waits for your approval" in gone_on(run).reason
    assert Run.objects.get(pk=others.pk).status == RunStatus.WAITING
