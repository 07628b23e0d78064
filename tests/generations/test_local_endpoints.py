"""Model servers of this machine are found by the reaper and offered, and nothing else is spoken to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.errors import AgentError
from agents.providers.base import Message, Request
from agents.types import Purpose, Role
from generations import local_endpoints
from generations.local_endpoints import candidates, find_local_endpoints
from generations.models import AllowedHost, OwnEndpoint
from generations.profiles import models_for, profiles
from tests.agents.probing.tried_model import tried
from tests.agents.providers.endpoint import Endpoint, whole
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An Ollama of this machine, at a port of the test's own."""
    started = Endpoint()
    tried(started).models = [{"id": "qwen2.5-coder:7b"}, {"id": "llama3.2"}, {"id": "nomic-embed-text"}]
    monkeypatch.setattr(local_endpoints, "SERVERS", {started.port: "Ollama"})
    settings.LOCAL_ENDPOINTS = True
    yield started
    started.close()


def offered(owner: User | None = None) -> list[str]:
    return [profile.label for profile in profiles(owner) if "this machine" in profile.label]


def test_what_answers_is_offered_with_its_models(server: Endpoint, user: User) -> None:
    assert find_local_endpoints() == 2
    assert offered(user) == ["llama3.2 (Ollama on this machine)", "qwen2.5-coder:7b (Ollama on this machine)"]
    row = OwnEndpoint.objects.get(model="llama3.2")
    clients, catalogue = models_for(row.provider, user)
    request = Request(Role.CODER, Purpose.SOURCE, "llama3.2", (Message("user", "two files"),), max_tokens=50)
    assert clients[row.provider].complete(request, stop=lambda: False).text
    assert catalogue.for_role(Role.VISION)[0].model == "llama3.2"


def test_it_is_offered_on_the_form_and_its_page_without_asking_it(server: Endpoint, user: User, client: Client) -> None:
    find_local_endpoints()
    before = len(server.talks)
    client.force_login(user)
    assert "llama3.2 (Ollama on this machine)" in client.get(reverse("run-new")).content.decode()
    assert "llama3.2" in client.get(reverse("models", args=["mine"])).content.decode()
    assert len(server.talks) == before


def test_finding_it_again_makes_no_second_entry(server: Endpoint) -> None:
    find_local_endpoints()
    first = set(OwnEndpoint.objects.values_list("pk", flat=True))
    find_local_endpoints()
    assert set(OwnEndpoint.objects.values_list("pk", flat=True)) == first


def test_one_that_falls_silent_is_not_offered_for_long_but_its_runs_go_on(server: Endpoint, user: User) -> None:
    find_local_endpoints()
    server.script = whole({}, 500)
    assert find_local_endpoints() == 0
    assert len(offered(user)) == 2
    OwnEndpoint.objects.update(seen_at=timezone.now() - timedelta(minutes=6))
    assert offered(user) == []
    models_for(OwnEndpoint.objects.all()[0].provider, user)


NO_LISTS: dict[str, Any] = {
    "a page": whole("<html>Sign in</html>", kind="text/html"),
    "another api": whole({"detail": "Not Found"}, 404),
    "a redirect": whole("", 302, Location="http://169.254.169.254/"),
    "an empty list": whole({"data": []}),
}


@pytest.mark.parametrize("script", NO_LISTS.values(), ids=NO_LISTS.keys())
def test_other_servers_are_not_taken_for_one(server: Endpoint, script: Any) -> None:
    server.script = script
    assert find_local_endpoints() == 0
    assert not OwnEndpoint.objects.exists()


def test_the_setting_ends_looking_and_offering(server: Endpoint, user: User, settings: Settings) -> None:
    find_local_endpoints()
    asked = len(server.talks)
    settings.LOCAL_ENDPOINTS = False
    assert find_local_endpoints() == 0
    assert len(server.talks) == asked
    assert offered(user) == []
    with pytest.raises(AgentError):
        models_for(OwnEndpoint.objects.all()[0].provider, user)


def test_our_own_services_are_not_asked(settings: Settings) -> None:
    settings.SITE_ORIGINS = ["http://localhost:8000", "https://autocoder.example.org"]
    settings.CHROMA_URL = "http://127.0.0.1:8080"
    assert [place.base_url for place in candidates()] == ["http://127.0.0.1:11434/v1", "http://127.0.0.1:1234/v1"]
    settings.SITE_ORIGINS = ["http://localhost:8123"]
    assert "http://127.0.0.1:8000/v1" in [place.base_url for place in candidates()]


def test_only_this_machine_and_hosts_that_name_a_port_are_asked(settings: Settings) -> None:
    settings.ALLOWED_ENDPOINT_HOSTS = ["10.0.0.5:8000", "10.0.0.6", "localhost:11434", "bad:port"]
    AllowedHost.objects.create(host="gpu.example:9000")
    local = {place.base_url for place in candidates() if "127.0.0.1" in place.base_url}
    others = {place.base_url for place in candidates()} - local
    assert others == {"http://10.0.0.5:8000/v1", "http://gpu.example:9000/v1"}


def test_an_entry_of_an_administrator_stays_as_it_is(server: Endpoint) -> None:
    entered = OwnEndpoint.objects.create(owner=None, name="Ours", base_url=server.url, model="llama3.2")
    assert find_local_endpoints() == 1
    entered.refresh_from_db()
    assert (entered.name, entered.seen_at) == ("Ours", None)


def test_what_was_found_cannot_be_changed_to_lead_elsewhere(server: Endpoint, client: Client) -> None:
    find_local_endpoints()
    client.force_login(make_user(is_superuser=True, is_staff=True))
    row = OwnEndpoint.objects.all()[0]
    form = {"name": "x", "base_url": "http://127.0.0.1:6379/v1", "model": "m"}
    assert client.post(reverse("models-endpoint", args=["site", row.pk]), form).status_code == 404
    client.post(reverse("admin:generations_ownendpoint_change", args=[row.pk]), form)
    row.refresh_from_db()
    assert row.base_url == server.url


def test_the_reaper_looks_for_them(server: Endpoint) -> None:
    call_command("recover_runs")
    assert OwnEndpoint.objects.count() == 2
