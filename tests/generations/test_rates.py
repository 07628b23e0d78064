"""Calls keep within what a key allows, whoever makes them, and a troubled model is left alone for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agents.asking import ask
from agents.errors import ProviderError, Waiting
from agents.providers.catalogue import ModelChoice
from agents.providers.limits import NotYet, Permit
from agents.providers.rate_headers import RateLimits
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.types import Purpose, Role, StageName
from generations.models import CallLimit, CallTicket, KeyState, Run, RunStatus
from generations.rates import SharedLimiter, purge_tickets
from tests.agents.engine import make_context
from tests.agents.providers.endpoint import Endpoint, client, stream, words
from tests.factories import claim, make_run

pytestmark = pytest.mark.django_db


class Clock:
    """A time of day that the test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(clock: Clock, account: str = "key", run: Run | None = None) -> SharedLimiter:
    """That of a run of its own, as another worker has it."""
    return SharedLimiter(run or claim(make_run()).run, {"openrouter": account}, clock)


def limit(**figures: int | str) -> None:
    CallLimit.objects.all().delete()
    CallLimit.objects.create(provider="openrouter", **figures)


def entered(limiter: SharedLimiter, model: str = "m", tokens: int = 10) -> Permit:
    place = limiter.enter("openrouter", model, tokens)
    assert isinstance(place, Permit), place
    return place


def refused(limiter: SharedLimiter, model: str = "m", tokens: int = 10) -> NotYet:
    place = limiter.enter("openrouter", model, tokens)
    assert isinstance(place, NotYet), place
    return place


def trouble(kind: str, retry_after: float | None = None) -> ProviderError:
    return ProviderError("no", retry=True, kind=kind, retry_after=retry_after)


def test_requests_of_a_minute_are_counted_over_all_runs(clock: Clock) -> None:
    limit(requests_per_minute=2)
    first = limiter(clock)
    first.leave(entered(first))
    clock.go_on(20)
    entered(limiter(clock))
    assert refused(limiter(clock)).seconds == pytest.approx(40)
    clock.go_on(40.1)
    entered(limiter(clock))


def test_another_key_has_limits_of_its_own(clock: Clock) -> None:
    limit(requests_per_minute=1)
    entered(limiter(clock))
    entered(limiter(clock, account="another"))
    assert CallTicket.objects.filter(account__contains="key").count() == 0, "accounts are stored as digests"


def test_a_limit_for_some_models_leaves_the_others_alone(clock: Clock) -> None:
    limit(requests_per_minute=1, suffix=":free")
    entered(limiter(clock), "a:free")
    refused(limiter(clock), "b:free")
    entered(limiter(clock), "b")


def test_tokens_of_a_minute_are_those_that_calls_took(clock: Clock) -> None:
    limit(tokens_per_minute=1000)
    one = limiter(clock)
    permit = entered(one, tokens=900)
    assert "900 of 1000 tokens a minute" in refused(one, tokens=200).reason
    one.leave(permit, tokens=300)
    entered(one, tokens=200)


def test_a_call_larger_than_the_limit_goes_alone(clock: Clock) -> None:
    limit(tokens_per_minute=1000)
    entered(limiter(clock), tokens=5000)
    refused(limiter(clock), tokens=1)


def test_the_requests_of_a_day_come_back_at_midnight(clock: Clock) -> None:
    limit(requests_per_day=2)
    for _ in range(2):
        one = limiter(clock)
        one.leave(entered(one), error=ProviderError("refused"))
    told = refused(limiter(clock))
    assert told.seconds == pytest.approx(90 * 60)
    assert "2 of 2 requests of today are used" in told.reason
    clock.go_on(90 * 60 + 1)
    entered(limiter(clock))


def test_what_is_left_of_the_day_is_said(clock: Clock) -> None:
    limit(requests_per_day=50, requests_per_minute=1)
    entered(limiter(clock))
    assert "49 of 50 left today" in refused(limiter(clock)).reason


def test_calls_at_once_are_bounded_and_places_come_back(clock: Clock) -> None:
    limit(calls_at_once=2)
    one, other = limiter(clock), limiter(clock)
    first = entered(one)
    entered(other)
    assert one.inside() == 1
    assert refused(other).seconds <= 1
    one.leave(first)
    assert one.inside() == 0
    entered(other)


def test_the_place_of_a_lost_worker_is_free_again(clock: Clock) -> None:
    limit(calls_at_once=1)
    run = claim(make_run()).run
    entered(limiter(clock, run=run))
    refused(limiter(clock))
    Run.objects.filter(pk=run.pk).update(lease_expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    entered(limiter(clock))


def test_a_run_that_was_claimed_again_does_not_hold_the_place_of_its_first_claim(clock: Clock) -> None:
    limit(calls_at_once=1)
    run = claim(make_run()).run
    entered(limiter(clock, run=run))
    Run.objects.move(run.pk, RunStatus.QUEUED)
    claim(run)
    entered(limiter(clock))


@pytest.mark.parametrize(
    ("told", "low", "high"),
    [(2, 2, 2), (61, 61, 61), (99_999, 86_400, 86_400), (float("nan"), 11, 15), (float("inf"), 11, 15), (None, 11, 15)],
)
def test_a_refusal_keeps_everybody_from_the_model_as_long_as_it_says(
    clock: Clock, told: float | None, low: float, high: float
) -> None:
    one = limiter(clock)
    one.leave(entered(one), error=trouble("rate", told))
    assert low - 0.5 <= refused(limiter(clock)).seconds <= high
    entered(limiter(clock), "another model")


def test_each_refusal_in_a_row_waits_longer_and_an_answer_forgets_them(clock: Clock) -> None:
    waits = []
    one = limiter(clock)
    for _ in range(9):
        one.leave(entered(one), error=trouble("rate"))
        waits.append(refused(one).seconds)
        clock.go_on(901)
    assert waits[0] <= 15 < waits[2] < waits[4]
    assert max(waits) <= 900
    one.leave(entered(one), tokens=5)
    one.leave(entered(one), error=trouble("rate"))
    assert refused(one).seconds <= 15


def test_a_model_that_fails_three_times_is_left_alone_then_tried_by_one(clock: Clock) -> None:
    one = limiter(clock)
    for kind in ("busy", "network", "timeout"):
        one.leave(entered(one), error=trouble(kind))
    assert refused(limiter(clock)).kind == "busy"
    clock.go_on(16)
    trial = entered(one)
    assert "one call tries" in refused(limiter(clock)).reason
    one.leave(trial, error=trouble("busy"))
    assert refused(limiter(clock)).seconds > 16, "the second rest is longer"
    clock.go_on(31)
    one.leave(entered(one), tokens=5)
    entered(limiter(clock))
    entered(limiter(clock))


def test_two_failures_are_chance(clock: Clock) -> None:
    one = limiter(clock)
    for _ in range(2):
        one.leave(entered(one), error=trouble("busy"))
    entered(limiter(clock))


def test_a_wrong_key_or_request_blocks_nobody(clock: Clock) -> None:
    one = limiter(clock)
    for _ in range(5):
        one.leave(entered(one), error=ProviderError("wrong key", kind="auth"))
    entered(limiter(clock))
    assert not KeyState.objects.exclude(blocked_until=None).exists()


def test_providers_without_a_key_are_not_counted(clock: Clock) -> None:
    one = limiter(clock)
    permit = one.enter("blueprints", "m", 10)
    assert isinstance(permit, Permit)
    one.leave(permit)
    assert not CallTicket.objects.exists()


def test_old_tickets_are_deleted(clock: Clock) -> None:
    clock.now = datetime(2020, 1, 1, tzinfo=UTC)
    one = limiter(clock)
    one.leave(entered(one))
    assert purge_tickets() == 1


TOLD = {
    "no request left": (RateLimits(requests_left=0, requests_reset=30.0), 30),
    "too few tokens left": (RateLimits(tokens_left=99, tokens_reset=40.0, requests_left=5, requests_reset=50.0), 40),
    "neither": (RateLimits(tokens_left=99, tokens_reset=40.0, requests_left=0, requests_reset=20.0), 40),
    # Some count each request by itself: the first of them is free again long before all of them are.
    "a day": (RateLimits(requests_left=0, requests_reset=86_000.0), 900),
}


@pytest.mark.parametrize(("limits", "seconds"), TOLD.values(), ids=TOLD.keys())
def test_what_an_answer_says_is_heeded_before_the_first_refusal(clock: Clock, limits: RateLimits, seconds: int) -> None:
    one, other = limiter(clock), limiter(clock)
    one.leave(entered(one, tokens=100), tokens=100, limits=limits)
    assert refused(other).seconds == seconds
    assert refused(other).kind == "rate"
    assert "takes no more requests for now" in refused(other).reason
    entered(limiter(clock, "another key"))
    clock.go_on(seconds + 1)
    other.leave(entered(other), tokens=10)


@pytest.mark.parametrize(
    "limits",
    [RateLimits(requests_left=1, requests_reset=30.0), RateLimits(tokens_left=100, tokens_reset=30.0),
     RateLimits(requests_left=0), RateLimits(requests=5), None],
)  # fmt: skip
def test_what_leaves_room_or_says_no_time_holds_nobody_up(clock: Clock, limits: RateLimits | None) -> None:
    one = limiter(clock)
    one.leave(entered(one, tokens=100), tokens=100, limits=limits)
    entered(one)


def test_an_answer_that_was_asked_for_earlier_lifts_no_refusal(clock: Clock) -> None:
    one, other = limiter(clock), limiter(clock)
    early, late = entered(one), entered(other)
    other.leave(late, error=trouble("rate", 60.0))
    one.leave(early, tokens=10)
    assert refused(one).seconds == 60


def test_the_headers_of_a_real_answer_are_heeded(clock: Clock) -> None:
    endpoint = Endpoint()
    endpoint.script = stream(*words("Hello"), X_RateLimit_Remaining="0", X_RateLimit_Reset="30")
    model = client(endpoint.url, seconds=60)
    context, _scripted, _notebook = make_context(lambda _: "", choice=ModelChoice("custom", "m", 9_000, 100))
    shared = SharedLimiter(claim(make_run()).run, {"custom": model.account}, clock)
    context = replace(context, providers={"custom": model}, limiter=shared)
    asker = Asker(StageName.CODE, Role.CODER, Purpose.IMAGE)
    question = question_for(context, RunState(prompt="Add"), asker)
    assert ask(context, question, str).value == "Hello"
    with pytest.raises(Waiting, match="takes no more requests for now"):
        ask(context, question, str)
    assert len(endpoint.talks) == 1, "the second call is not made in order to be refused"
    endpoint.close()
