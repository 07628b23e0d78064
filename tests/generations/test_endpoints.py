"""Endpoints that people enter: what may be entered, who sees it, and that it is judged again when it is called."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.errors import AgentError, ProviderError, Stopped
from agents.providers import addresses
from agents.providers.base import Message, Request
from agents.types import Purpose, Role
from generations.endpoints import store_endpoint
from generations.keys import get_key
from generations.models import AllowedHost, OwnEndpoint, ProviderKey
from generations.profiles import models_for, profiles
from tests.agents.providers.endpoint import Endpoint
from tests.agents.providers.test_addresses import ODD, PRIVATE, Names
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SECRET = "own-endpoint-key-0123456789"


@pytest.fixture
def page(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def served() -> Any:
    started = Endpoint()
    yield started
    started.close()


def form(**fields: str) -> dict[str, str]:
    return {"name": "Mine", "base_url": "https://93.184.216.34/v1", "model": "m-1", "secret": SECRET, **fields}


def add(page: Client, scope: str = "mine", **fields: str) -> Any:
    return page.post(reverse("models-endpoints", args=[scope]), form(**fields))


def make_endpoint(owner: User | None, base_url: str, **fields: Any) -> OwnEndpoint:
    row = OwnEndpoint(owner=owner, name="Mine", base_url=base_url, model="m-1", **fields)
    return store_endpoint(row, "" if fields.get("seen_at") else SECRET)


def question() -> Request:
    return Request(Role.CODER, Purpose.SOURCE, "m-1", (Message("user", "What?"),), max_tokens=50)


def asked(owner: User, row: OwnEndpoint) -> str:
    clients, _catalogue = models_for(row.provider, owner)
    return clients[row.provider].complete(question(), stop=lambda: False).text


def test_an_endpoint_becomes_a_profile_of_its_owner(page: Client, user: User) -> None:
    assert add(page).status_code == 302
    row = OwnEndpoint.objects.get()
    assert (row.owner, row.base_url, get_key(user, row.provider)) == (user, "https://93.184.216.34/v1", SECRET)
    assert row.provider in [profile.key for profile in profiles(user)]
    assert row.provider not in [profile.key for profile in profiles(make_user())]
    shown = page.get(reverse("models", args=["mine"])).content.decode()
    assert "…6789" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("url", PRIVATE + ODD)
def test_an_address_that_is_not_public_is_refused_beside_its_field(page: Client, url: str) -> None:
    refused = add(page, base_url=url)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert 'id="error_base_url"' in text
    assert SECRET not in text
    assert not OwnEndpoint.objects.exists()
    assert not ProviderKey.objects.exists()


def test_a_name_that_leads_inside_later_is_refused_when_it_is_called(
    page: Client, user: User, served: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", Names(["93.184.216.34"], ["127.0.0.1"]))
    assert add(page, base_url=f"http://rebinding.example:{served.port}/v1").status_code == 302
    with pytest.raises(ProviderError, match="private network"):
        asked(user, OwnEndpoint.objects.get())
    assert served.talks == []


def test_a_row_that_was_written_past_the_form_is_refused_when_it_is_called(user: User, served: Endpoint) -> None:
    row = make_endpoint(user, served.url)
    with pytest.raises(ProviderError, match="private network"):
        asked(user, row)
    assert served.talks == []


@pytest.mark.parametrize("by", ["setting", "row"])
def test_the_administrators_list_lets_a_local_one_through(
    page: Client, user: User, served: Endpoint, settings: Settings, by: str
) -> None:
    host = f"LocalHost:{served.port}"
    if by == "setting":
        settings.ALLOWED_ENDPOINT_HOSTS = [host]
    else:
        AllowedHost.objects.create(host=host)
    assert add(page, base_url=f"http://localhost:{served.port}/v1").status_code == 302
    assert asked(user, OwnEndpoint.objects.get()) == "Hello"
    (talk,) = served.talks
    assert talk.headers["authorization"] == f"Bearer {SECRET}"
    assert add(page, base_url="http://localhost:6379/v1").status_code == 422


def test_the_endpoint_of_the_environment_may_be_local(user: User, served: Endpoint, settings: Settings) -> None:
    settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = served.url, "m-1"
    clients, _catalogue = models_for("custom", user)
    assert clients["custom"].complete(question(), stop=lambda: False).text == "Hello"


def test_a_pasted_address_of_the_chat_itself_is_understood(page: Client) -> None:
    add(page, base_url=" https://93.184.216.34/v1/chat/completions/ ")
    assert OwnEndpoint.objects.get().base_url == "https://93.184.216.34/v1"


WRONG = {
    "name": "", "model": "", "secret": "two words", "context_tokens": "12", "max_output_tokens": "1",
    "prompt_price": "x",
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG.items())
def test_each_wrong_field_is_told(page: Client, field: str, value: str) -> None:
    refused = add(page, **{field: value})
    assert refused.status_code == 422
    assert f'id="error_{field}"' in refused.content.decode()
    assert not OwnEndpoint.objects.exists()


def test_an_answer_is_shorter_than_its_context_and_a_model_is_there_once(page: Client) -> None:
    assert add(page, context_tokens="8000", max_output_tokens="8000").status_code == 422
    assert add(page).status_code == 302
    assert "there already" in add(page).content.decode()


def test_there_is_an_end_to_endpoints(page: Client, user: User) -> None:
    for number in range(20):
        OwnEndpoint.objects.create(owner=user, name="x", base_url="https://a.example/v1", model=f"m{number}")
    assert "delete one first" in add(page).content.decode()


def test_an_endpoint_is_changed_and_keeps_its_key(page: Client, user: User) -> None:
    add(page)
    row = OwnEndpoint.objects.get()
    url = reverse("models-endpoint", args=["mine", row.pk])
    assert SECRET not in page.get(url).content.decode()
    assert page.post(url, form(model="m-2", secret="")).status_code == 302
    row.refresh_from_db()
    assert (row.model, get_key(user, row.provider)) == ("m-2", SECRET)
    assert page.post(url, form(base_url="http://10.0.0.1/v1")).status_code == 422
    row.refresh_from_db()
    assert row.base_url == "https://93.184.216.34/v1"


def test_deleting_an_endpoint_deletes_its_key(page: Client) -> None:
    add(page)
    row = OwnEndpoint.objects.get()
    assert page.post(reverse("models-endpoint-delete", args=["mine", row.pk])).status_code == 302
    assert not OwnEndpoint.objects.exists()
    assert not ProviderKey.objects.exists()


def test_what_is_anothers_is_not_there(page: Client) -> None:
    row = make_endpoint(make_user(), "https://93.184.216.34/v1")
    for name in ("models-endpoint", "models-endpoint-delete"):
        for scope in ("mine", "site", "other"):
            assert page.post(reverse(name, args=[scope, row.pk]), form()).status_code == 404
    assert OwnEndpoint.objects.count() == 1


def test_the_endpoint_of_another_cannot_be_asked(user: User) -> None:
    row = make_endpoint(make_user(), "https://93.184.216.34/v1")
    with pytest.raises(AgentError, match="not there any more"):
        models_for(row.provider, user)


def test_the_site_may_keep_endpoints_to_its_administrators(page: Client, user: User, settings: Settings) -> None:
    add(page)
    settings.USER_ENDPOINTS = False
    row = OwnEndpoint.objects.get()
    assert add(page, model="m-2").status_code == 404
    assert "keeps endpoints to its administrators" in page.get(reverse("models", args=["mine"])).content.decode()
    assert row.provider not in [profile.key for profile in profiles(user)]
    with pytest.raises(AgentError):
        models_for(row.provider, user)


def test_an_endpoint_of_the_site_is_for_everybody(client: Client, user: User) -> None:
    client.force_login(make_user(is_superuser=True))
    assert add(client, scope="site").status_code == 302
    row = OwnEndpoint.objects.get()
    assert row.owner is None
    assert row.provider in [profile.key for profile in profiles(user)]
    assert get_key(user, row.provider) == SECRET


def test_a_stop_is_heard_by_its_client(user: User, served: Endpoint, settings: Settings) -> None:
    settings.ALLOWED_ENDPOINT_HOSTS = [f"127.0.0.1:{served.port}"]
    row = make_endpoint(user, served.url)
    clients, _catalogue = models_for(row.provider, user)
    with pytest.raises(Stopped):
        clients[row.provider].complete(question(), stop=lambda: True)
