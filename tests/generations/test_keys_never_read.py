"""A key that was entered is used, replaced or deleted; there is no way to read it, for administrators neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core import serializers
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse

from generations.endpoints import store_endpoint
from generations.keys import get_key, set_key
from generations.models import OwnEndpoint, ProviderKey
from tests.canaries import shown
from tests.factories import make_run, make_user

pytestmark = pytest.mark.django_db
KEY, OF_SITE, OF_ENDPOINT = "q7ZtXw2LmVb9Rc4711", "w8YkHs3NpTd6Gf0815", "t3XsJr5KzQm8Vh1234"


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def endpoint(user: User) -> OwnEndpoint:
    """An endpoint of the site with a key; there are others of the site and of somebody."""
    set_key(user, "openrouter", KEY)
    set_key(None, "openai", OF_SITE)
    row = OwnEndpoint(name="Site", base_url="https://93.184.216.34/v1", model="m-1")
    return store_endpoint(row, OF_ENDPOINT)


def assert_hidden(text: str) -> None:
    for key in (KEY, OF_SITE, OF_ENDPOINT):
        assert not shown(text, key)
    assert not any(row.ciphertext in text for row in ProviderKey.objects.all())


def pages_of(model: type[Model]) -> Iterator[str]:
    """Every page of the administration about a model and its first row."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    for kind in ("changelist", "add"):
        yield reverse(f"{name}_{kind}")
    for kind in ("change", "delete", "history") if row else ():
        yield reverse(f"{name}_{kind}", args=[row.pk])
    try:
        yield reverse(f"{name}_password_change", args=[row.pk]) if row else reverse("admin:index")
    except NoReverseMatch:
        return


def test_no_page_of_the_administration_shows_one(administrator: Client, endpoint: OwnEndpoint, user: User) -> None:
    make_run()
    seen = 0
    for model in admin.site._registry:
        for page in pages_of(model):
            answer = administrator.get(page, follow=True)
            assert answer.status_code in (200, 403), page
            assert_hidden(answer.content.decode())
            seen += 1
    for row in ProviderKey.objects.all():
        assert_hidden(
            administrator.get(reverse("admin:generations_providerkey_change", args=[row.pk])).content.decode()
        )
    assert seen > 50


@pytest.mark.parametrize("scope", ["mine", "site"])
def test_no_page_of_models_shows_one(scope: str, administrator: Client, endpoint: OwnEndpoint, user: User) -> None:
    administrator.force_login(user) if scope == "mine" else None
    text = administrator.get(reverse("models", args=[scope])).content.decode()
    assert "…4711" in text if scope == "mine" else "…0815" in text
    assert_hidden(text)
    if scope == "site":
        assert_hidden(administrator.get(reverse("models-endpoint", args=[scope, endpoint.pk])).content.decode())


@pytest.mark.parametrize("question", ["owner__password__startswith=a", "endpoint__key__ciphertext__startswith=g"])
def test_no_filter_of_the_administration_finds_out_about_one(
    question: str, administrator: Client, endpoint: OwnEndpoint
) -> None:
    administrator.raise_request_exception = False
    answer = administrator.get(f"{reverse('admin:generations_providerkey_changelist')}?{question}")
    assert answer.status_code in (302, 400)
    assert administrator.get(f"{reverse('admin:auth_user_changelist')}?provider_keys__{question}").status_code in (
        302,
        400,
    )


def test_neither_words_nor_documents_made_of_a_row_hold_one(endpoint: OwnEndpoint) -> None:
    for row in ProviderKey.objects.all():
        text = f"{row} {row!r} {row.__dict__} {serializers.serialize('json', [row])}"
        assert not any(shown(text, key) for key in (KEY, OF_SITE, OF_ENDPOINT))


def test_a_stored_key_is_not_given_to_another_provider_or_owner(
    administrator: Client, endpoint: OwnEndpoint, user: User
) -> None:
    row = ProviderKey.objects.get(owner=user)
    change = reverse("admin:generations_providerkey_change", args=[row.pk])
    form = {"provider": endpoint.provider, "owner": str(make_user().pk), "secret": ""}
    assert administrator.post(change, form).status_code == 302
    row.refresh_from_db()
    assert (row.owner, row.provider) == (user, "openrouter")
    assert get_key(user, "openrouter") == KEY
    assert administrator.post(change, {**form, "secret": "another-key-99999999"}).status_code == 302
    assert get_key(user, "openrouter") == "another-key-99999999"
    assert "another-key" not in str(list(LogEntry.objects.values()))


@pytest.mark.parametrize(
    "host", ["https://93.184.216.35/v1", "https://93.184.216.34:8443/v1", "http://93.184.216.34/v1"]
)
def test_a_stored_key_does_not_go_with_an_endpoint_to_another_host(
    host: str, administrator: Client, endpoint: OwnEndpoint
) -> None:
    page = reverse("admin:generations_ownendpoint_change", args=[endpoint.pk])
    form = {"name": "Site", "base_url": host, "model": "m-1", "secret": ""}
    answer = administrator.post(page, form)
    assert "Enter the key again" in answer.content.decode()
    endpoint.refresh_from_db()
    assert endpoint.base_url == "https://93.184.216.34/v1"
    same_host = {**form, "base_url": "https://93.184.216.34/v2"}
    assert administrator.post(page, same_host).status_code == 302
    assert get_key(None, endpoint.provider) == OF_ENDPOINT
    assert administrator.post(page, {**form, "secret": "another-key-99999999"}).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.base_url, get_key(None, endpoint.provider)) == (host, "another-key-99999999")
