"""How many tests a person may ask for, and that they keep to the limits of the key."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.providers.limits import Permit
from generations.allowances import day_of
from generations.errors import TooMany
from generations.invariants import violations
from generations.keys import set_key
from generations.models import Allowance, CallLimit, CallTicket, DaySpending, ModelCall, ModelProbe, ProbeStatus
from generations.offers import offer_of, offers
from generations.probes import start_probe
from generations.providers import client_for
from generations.rates import SharedLimiter
from tests.agents.probing.tried_model import tried
from tests.agents.providers.endpoint import Endpoint, Talk, chunk, event, stream
from tests.factories import make_user
from tests.generations.test_probes import CODER, SECRET, catalogue, endpoint, made, page, shown

__all__ = ["catalogue", "endpoint", "page"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_so_many_tests_an_hour_and_at_once(page: Client, user: User, endpoint: Endpoint, settings: Settings) -> None:
    tried(endpoint)
    settings.PROBES_PER_HOUR = 2
    made(user)
    made(user)
    form = {"provider": "openrouter", "model": CODER, "output_tokens": "400"}
    refused = page.post(reverse("models-test", args=["mine"]), form, headers={"hx-request": "true"})
    assert refused.status_code == 429
    assert 3_000 < int(refused["Retry-After"]) <= 3_600
    assert "2 tests an hour are allowed" in refused.content.decode()
    whole_page = page.post(reverse("models-test", args=["mine"]), form)
    assert (whole_page.status_code, "<title>Models and keys" in whole_page.content.decode()) == (429, True)
    assert ModelProbe.objects.count() == 2
    other = make_user()
    set_key(other, "openrouter", SECRET)
    settings.PROBES_PER_HOUR = 20
    for offer in offers(other)[:3]:
        start_probe(other, offer, owner=other)
    with pytest.raises(TooMany, match="still going on"):
        start_probe(other, offers(other)[3], owner=other)


def test_twenty_wishes_at_once_pass_no_limit(user: User, page: Client, settings: Settings) -> None:
    settings.PROBES_PER_HOUR = 2
    several = offers(user)[:10]

    def wish(number: int) -> None:
        try:
            start_probe(user, several[number % 10], owner=user)
        except TooMany:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=wish, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ModelProbe.objects.count() == 2


def test_a_test_keeps_within_what_the_key_allows(page: Client, user: User, endpoint: Endpoint) -> None:
    model = tried(endpoint)
    CallLimit.objects.all().delete()
    CallLimit.objects.create(provider="openrouter", requests_per_minute=3)
    made(user)
    assert len(model.asked) == 3
    assert CallTicket.objects.filter(run=None).exclude(left_at=None).count() == 3
    text = shown(page)
    assert "partly tested" in text
    assert "A JSON object in a fence was read as it is." in text
    made(user)
    assert len(model.asked) == 3
    assert "does not answer" in shown(page)


def test_a_test_and_a_run_share_the_places_of_a_key(page: Client, user: User, endpoint: Endpoint) -> None:
    tried(endpoint)
    CallLimit.objects.all().delete()
    CallLimit.objects.create(provider="openrouter", calls_at_once=1)
    limiter = SharedLimiter(None, {"openrouter": client_for(user, "openrouter").account})  # type: ignore[attr-defined]
    held = limiter.enter("openrouter", CODER, 10)
    assert isinstance(held, Permit)
    assert not isinstance(limiter.enter("openrouter", CODER, 10), Permit)
    row = made(user)
    assert "partly tested" not in shown(page)
    assert row.findings[0]["found"] == "no"
    CallTicket.objects.update(at=timezone.now() - timedelta(minutes=4))
    assert isinstance(limiter.enter("openrouter", CODER, 10), Permit)


def test_a_second_click_gives_the_test_that_is_going_on(user: User, page: Client, endpoint: Endpoint) -> None:
    offer = offer_of(user, "openrouter", CODER)
    assert start_probe(user, offer, owner=user) == start_probe(user, offer, owner=user)
    assert ModelProbe.objects.count() == 1


def test_a_test_counts_into_the_day_of_who_asked_for_it(page: Client, user: User, endpoint: Endpoint) -> None:
    tried(endpoint)
    made(user)
    assert day_of(user).tokens == 5 * 150
    assert float(day_of(user).cost_usd) == pytest.approx(5 * (100 + 5 * 50) / 1_000_000)
    site = make_user(is_superuser=True)
    set_key(None, "openrouter", SECRET)
    made(site, owner=None)
    assert (day_of(site).tokens, day_of(user).tokens) == (750, 750)


def test_no_test_is_begun_when_the_day_is_used_up(page: Client, user: User, endpoint: Endpoint) -> None:
    Allowance.objects.create(owner=user, tokens_per_day=5_000)
    DaySpending.objects.create(owner=user, day=timezone.now().date(), tokens=4_900)
    form = {"provider": "openrouter", "model": CODER, "output_tokens": "400"}
    refused = page.post(reverse("models-test", args=["mine"]), form, headers={"hx-request": "true"})
    assert refused.status_code == 429
    assert "4,900 of your 5,000 tokens a day are spent" in refused.content.decode()
    assert "00:00 UTC" in refused.content.decode()
    assert not ModelProbe.objects.exists()


def test_a_test_ends_where_the_day_does(page: Client, user: User, endpoint: Endpoint) -> None:
    """Somebody's run took the rest while the test went on."""
    Allowance.objects.create(owner=user, tokens_per_day=50_000)
    held: list[int] = []

    def meanwhile(_text: str, _nonce: str) -> object:
        def script(talk: Talk) -> None:
            held.append(day_of(user).tokens)
            DaySpending.objects.filter(owner=user).update(tokens=49_999)
            connection.close()
            stream(chunk("Half of it"), event("oops"))(talk)

        return script

    model = tried(endpoint, edits=meanwhile)
    row = made(user)
    assert len(model.asked) == 4, "the fifth is not made"
    assert (row.status, "of your 50,000 tokens a day are spent" in row.reason) == (ProbeStatus.FAILED, True)
    assert held[0] > 3 * 150 + 1_000, "the call that is under way is held"
    broken_off = ModelCall.objects.get(step="edits")
    assert broken_off.estimated
    assert broken_off.completion_tokens == 3
    assert day_of(user).tokens == 49_999 + broken_off.prompt_tokens + 3
    assert violations() == []
