"""The page of models and keys: a key is entered once, never shown again, and belongs to one person."""

from __future__ import annotations

import re
import sys

import pytest
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from generations.catalogue_seed import SEEDS
from generations.keys import get_key, set_key
from generations.models import CatalogueModel, ModelProbe, OwnEndpoint, ProbeStatus, ProviderKey
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SECRET = "sk-of-somebody-0123456789"


@pytest.fixture(autouse=True)
def catalogue(settings: Settings, db: None) -> None:
    settings.OPENROUTER_API_KEY = settings.QWEN_API_KEY = settings.ANTHROPIC_API_KEY = ""
    CatalogueModel.objects.all().delete()
    CatalogueModel.objects.bulk_create(CatalogueModel(**seed._asdict()) for seed in SEEDS)


@pytest.fixture
def page(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def text(page: Client, scope: str = "mine") -> str:
    return " ".join(page.get(reverse("models", args=[scope])).content.decode().split())


def store(page: Client, secret: str = SECRET, scope: str = "mine", provider: str = "openrouter") -> int:
    return page.post(reverse("models-key", args=[scope, provider]), {"secret": secret}).status_code


def test_the_page_is_linked_and_says_what_is_missing(page: Client) -> None:
    assert reverse("models", args=["mine"]) in page.get(reverse("home")).content.decode()
    shown = text(page)
    assert "No model can be asked yet" in shown
    assert "Offline (no AI, built-in blueprints)" in shown
    assert "The site's" not in shown


def test_a_key_is_stored_shown_by_its_end_and_offers_models(page: Client, user: User) -> None:
    assert store(page) == 302
    assert get_key(user, "openrouter") == SECRET
    shown = text(page)
    assert "your key …6789" in shown
    assert "Full models (OpenRouter, one key for all)" in shown
    assert "qwen/qwen3-coder-plus" in shown
    assert "not tested" in shown
    assert SECRET not in shown
    assert ProviderKey.objects.get().ciphertext not in shown


def test_a_key_is_replaced_and_deleted(page: Client, user: User) -> None:
    store(page)
    store(page, "sk-another-one-9876543210")
    assert get_key(user, "openrouter") == "sk-another-one-9876543210"
    assert page.post(reverse("models-key-delete", args=["mine", "openrouter"])).status_code == 302
    assert get_key(user, "openrouter") == ""
    assert "qwen/qwen3-coder-plus" not in text(page)


@pytest.mark.parametrize("secret", ["", "   ", "two words", "new\nline", "sk-ümlaut", "x" * 501])
def test_a_wrong_key_is_refused_beside_its_field_and_not_repeated(page: Client, secret: str) -> None:
    answer = page.post(reverse("models-key", args=["mine", "openrouter"]), {"secret": secret})
    assert answer.status_code == 422
    assert 'id="error-openrouter"' in answer.content.decode()
    assert not secret.strip() or secret not in answer.content.decode()
    assert not ProviderKey.objects.exists()


def test_an_unknown_provider_is_not_there(page: Client) -> None:
    assert store(page, provider="evil") == 404


def test_ones_own_key_goes_before_that_of_the_site(page: Client, user: User) -> None:
    set_key(None, "openrouter", "sk-of-the-site-0123456789")
    assert "key of the site" in text(page)
    assert "Add your own key" in text(page)
    store(page)
    assert get_key(user, "openrouter") == SECRET
    page.post(reverse("models-key-delete", args=["mine", "openrouter"]))
    assert get_key(user, "openrouter") == "sk-of-the-site-0123456789"


def test_administrators_have_the_same_page_for_the_site(administrator: Client) -> None:
    assert store(administrator, scope="site") == 302
    assert ProviderKey.objects.get().owner is None
    assert "site key …6789" in text(administrator, "site")
    assert "key of the site" in text(administrator)
    assert administrator.post(reverse("models-key-delete", args=["site", "openrouter"])).status_code == 302
    assert not ProviderKey.objects.exists()


def test_others_reach_neither_the_site_nor_each_other(page: Client, administrator: Client) -> None:
    store(administrator, scope="site")
    store(administrator)
    for scope in ("site", "theirs"):
        assert store(page, scope=scope) == 404
        assert page.post(reverse("models-key-delete", args=[scope, "openrouter"])).status_code == 404
    page.post(reverse("models-key-delete", args=["mine", "openrouter"]))
    assert ProviderKey.objects.count() == 2


@pytest.mark.parametrize("staff", [False, True])
def test_staff_without_the_right_do_not_see_the_sites_keys(client: Client, staff: bool) -> None:
    client.force_login(make_user(is_staff=staff))
    assert client.get(reverse("models", args=["site"])).status_code == 404


def test_the_page_needs_a_sign_in_and_a_token(user: User) -> None:
    assert Client().get(reverse("models", args=["mine"])).status_code == 302
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(reverse("models-key", args=["mine", "openrouter"]), {"secret": SECRET}).status_code == 403
    assert not ProviderKey.objects.exists()


def test_an_error_report_does_not_hold_the_key(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> None:
        raise RuntimeError("broken")

    reports: list[str] = []

    def report(request: HttpRequest, **_: object) -> None:
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())

    monkeypatch.setattr("generations.access.known_provider", fail)
    page.raise_request_exception = False
    got_request_exception.connect(report)
    assert store(page) == 500
    got_request_exception.disconnect(report)
    assert "broken" in reports[0]
    assert "secret = '****" in reports[0]
    assert SECRET not in reports[0]


def test_the_page_takes_as_many_queries_for_many_rows_as_for_few(
    page: Client, user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    store(page)
    for number in range(10):
        row = OwnEndpoint.objects.create(owner=user, name="x", base_url="https://a.example/v1", model=f"m{number}")
        ModelProbe.objects.create(owner=user, asked_by=user, provider=row.provider, model=row.model, endpoint=row,
                                  output_tokens=400, status=ProbeStatus.DONE)  # fmt: skip
    with django_assert_max_num_queries(40):
        text(page)


def test_no_two_elements_of_the_page_share_an_id(page: Client) -> None:
    store(page)
    ids = re.findall(r' id="([^"]+)"', text(page))
    assert len(ids) == len(set(ids))


def test_what_a_test_takes_is_said_before_it_begins(page: Client) -> None:
    store(page)
    shown = text(page)
    assert re.search(r"\$0\.00\d+ · 1,\d{3} tokens", shown)
    assert re.search(r"free · 1,\d{3} tokens", shown)


def test_the_key_itself_is_tested_with_the_cheapest_model_that_writes_code(page: Client) -> None:
    store(page)
    shown = text(page)
    assert "Test this key" in shown
    found = re.search(r"asks ([^,]+), free", shown)
    assert found is not None
    form = {"provider": "openrouter", "model": found[1], "output_tokens": "400"}
    answer = page.post(reverse("models-test", args=["mine"]), form)
    assert answer.status_code == 302
    (probe,) = ModelProbe.objects.all()
    anchor = answer["Location"].partition("#")[2]
    assert probe.model == found[1]
    assert f'id="{anchor}"' in text(page)
