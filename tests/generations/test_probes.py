"""Tests of models: made by a worker, stored, shown, paid for in the ledger, and heeded by the runs that follow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from agents.types import Role
from generations import delivery
from generations.catalogue_seed import SEEDS
from generations.errors import LaunchError
from generations.keys import set_key
from generations.leases import worker_name
from generations.models import CatalogueModel, ModelCall, ModelProbe, OwnEndpoint, ProbeStatus
from generations.offers import offer_of
from generations.probes import BROKE_OFF, execute_next_probe, start_probe
from generations.profiles import models_for
from generations.recovery import recover_lost_runs
from tests.agents.probing.tried_model import cut_after, prose, tried, whole_file
from tests.agents.providers.endpoint import Endpoint, Talk, whole
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

CODER = "qwen/qwen3-coder-plus"
SECRET = "sk-of-the-user-9081726354"


@pytest.fixture(autouse=True)
def catalogue(settings: Settings, db: None) -> None:
    settings.OPENROUTER_API_KEY = settings.QWEN_API_KEY = settings.ANTHROPIC_API_KEY = ""
    CatalogueModel.objects.all().delete()
    CatalogueModel.objects.bulk_create(CatalogueModel(**seed._asdict()) for seed in SEEDS)


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[Endpoint]:
    """OpenRouter, as far as these tests go."""
    started = Endpoint()
    settings.OPENROUTER_BASE_URL = started.url
    yield started
    started.close()


@pytest.fixture
def page(client: Client, user: User) -> Client:
    client.force_login(user)
    set_key(user, "openrouter", SECRET)
    return client


def made(user: User, model: str = CODER, provider: str = "openrouter", **more: Any) -> ModelProbe:
    """A test that a worker has made."""
    owner = more.pop("owner", user)
    row = start_probe(user, offer_of(owner, provider, model), owner=owner, **more)
    execute_next_probe()
    row.refresh_from_db()
    return row


def shown(page: Client, model: str = CODER) -> str:
    found = page.get(reverse("models-offer", args=["mine"]), {"provider": "openrouter", "model": model})
    return " ".join(found.content.decode().split())


def test_a_test_is_made_by_a_worker_and_stored_with_its_reasons(page: Client, user: User, endpoint: Endpoint) -> None:
    model = tried(endpoint)
    model.models = [{"id": CODER, "context_length": 1_000_000}]
    answer = page.post(
        reverse("models-test", args=["mine"]),
        {"provider": "openrouter", "model": CODER, "output_tokens": "400"},
        headers={"hx-request": "true"},
    )
    assert "being tested" in answer.content.decode()
    assert 'hx-trigger="every 1s"' in answer.content.decode()
    assert endpoint.talks == [], "nothing is asked inside of the web request"
    assert OrmQ.objects.count() == 1
    execute_next_probe()
    row = ModelProbe.objects.get()
    assert (row.status, row.owner, row.model) == (ProbeStatus.DONE, user, CODER)
    assert [finding["found"] for finding in row.findings][:6] == ["yes"] * 6, row.findings
    text = shown(page)
    assert "edits, JSON schema" in text
    assert "1000000 tokens" in text
    assert 'hx-trigger="every' not in text


def test_the_calls_of_a_test_are_in_the_ledger_with_their_cost(page: Client, user: User, endpoint: Endpoint) -> None:
    model = tried(endpoint)
    row = made(user)
    calls = list(ModelCall.objects.order_by("at"))
    assert [(call.run, call.probe, call.purpose) for call in calls] == [(None, row, "probe")] * 5
    assert [call.step for call in calls] == ["json", "schema", "files", "edits", "output"]
    assert len(model.asked) == len(calls)
    # Five calls of 100 and 50 tokens, at 1 and 5 dollars for a million.
    assert float(sum(call.cost_usd or 0 for call in calls)) == pytest.approx(5 * (100 + 5 * 50) / 1_000_000)
    assert "750 tokens · $0.0018" in shown(page)
    assert SECRET not in str(list(ModelCall.objects.values()))


def test_a_call_belongs_to_a_run_or_to_a_test(user: User) -> None:

    with pytest.raises(IntegrityError):
        ModelCall.objects.create(seconds=1, request=[])


def coder(user: User) -> Any:
    return models_for("openrouter", user)[1].for_role(Role.CODER)[0]


def test_what_a_model_can_do_decides_how_it_is_asked(page: Client, user: User, endpoint: Endpoint) -> None:
    before = coder(user)
    assert (before.model, before.whole_files, before.json_schema, before.max_output_tokens) == (
        CODER, False, False, 65_536,
    )  # fmt: skip
    tried(endpoint, edits=whole_file, output=cut_after(60))
    made(user)
    now = coder(user)
    assert (now.whole_files, now.json_schema, now.max_output_tokens) == (True, True, 60)
    assert "whole files, JSON schema" in shown(page)
    tried(endpoint, schema=prose)
    made(user)
    again = coder(user)
    assert (again.whole_files, again.json_schema, again.max_output_tokens) == (False, False, 65_536)


def test_ones_own_test_goes_before_that_of_the_site(user: User, endpoint: Endpoint) -> None:
    set_key(None, "openrouter", SECRET)
    tried(endpoint, edits=whole_file)
    made(make_user(is_superuser=True), owner=None)
    assert coder(user).whole_files
    tried(endpoint)
    made(user)
    tried(endpoint, edits=whole_file)
    made(make_user(is_superuser=True), owner=None)
    assert not coder(user).whole_files
    assert coder(make_user()).whole_files


def test_a_test_that_found_no_answer_changes_nothing(page: Client, user: User, endpoint: Endpoint) -> None:
    endpoint.script = whole({"error": {"message": f"Incorrect API key {SECRET}"}}, 401)
    row = made(user)
    assert row.status == ProbeStatus.DONE
    assert "does not answer" in shown(page)
    assert "does not take the key (401)" in shown(page)
    assert coder(user).max_output_tokens == 65_536
    assert SECRET not in str(list(ModelProbe.objects.values()))


def test_findings_are_shown_while_the_test_goes_on(page: Client, user: User, endpoint: Endpoint) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def slow(text: str, nonce: str) -> Any:
        def script(talk: Talk) -> None:
            reached.set()
            go_on.wait(60)
            whole({}, 500)(talk)

        return script

    tried(endpoint, edits=slow)
    start_probe(user, offer_of(user, "openrouter", CODER), owner=user)
    worker = threading.Thread(target=lambda: (execute_next_probe(), connection.close()))
    worker.start()
    assert reached.wait(60)
    text = shown(page)
    assert "being tested" in text
    assert "A JSON object in a fence was read as it is." in text
    go_on.set()
    worker.join()
    assert "partly tested" in shown(page)


@pytest.mark.parametrize("length", ["", "401", "-400", "9999999999", "x"])
def test_only_offered_lengths_are_taken(page: Client, length: str) -> None:
    form = {"provider": "openrouter", "model": CODER, "output_tokens": length}
    assert page.post(reverse("models-test", args=["mine"]), form).status_code == 422
    assert not ModelProbe.objects.exists()


@pytest.mark.parametrize(
    ("provider", "model"), [("qwen", "qwen-plus"), ("openrouter", "none"), ("own-1", "m"), ("", "")]
)
def test_only_models_that_can_be_asked_are_tested(page: Client, provider: str, model: str) -> None:
    form = {"provider": provider, "model": model, "output_tokens": "400"}
    for headers, status in (({}, 422), ({"hx-request": "true"}, 404)):
        answer = page.post(reverse("models-test", args=["mine"]), form, headers=headers)
        assert answer.status_code == status
    assert not ModelProbe.objects.exists()


def test_tests_of_the_site_are_the_administrators(page: Client) -> None:
    form = {"provider": "openrouter", "model": CODER, "output_tokens": "400"}
    assert page.post(reverse("models-test", args=["site"]), form).status_code == 404
    assert page.get(reverse("models", args=["site"])).status_code == 404
    assert page.get(reverse("models-test", args=["mine"])).status_code == 405


def test_a_key_whose_models_are_not_in_the_catalogue_is_tried_by_itself(
    page: Client, user: User, settings: Settings, endpoint: Endpoint
) -> None:
    settings.OPENAI_BASE_URL = endpoint.url
    set_key(user, "openai", "sk-of-openai-0123456789")
    model = tried(endpoint)
    made(user, model="", provider="openai")
    text = page.get(reverse("models", args=["mine"])).content.decode()
    assert "key works" in text
    assert model.asked == []


def test_an_endpoint_of_ones_own_takes_its_context_from_its_test(
    user: User, endpoint: Endpoint, settings: Settings
) -> None:
    settings.ALLOWED_ENDPOINT_HOSTS = [f"127.0.0.1:{endpoint.port}"]
    row = OwnEndpoint.objects.create(owner=user, name="Mine", base_url=endpoint.url, model="m")
    tried(endpoint).models = [{"id": "m", "max_model_len": 131_072}]
    made(user, model="m", provider=row.provider)
    choice = models_for(row.provider, user)[1].for_role(Role.CODER)[0]
    assert (choice.context_tokens, choice.json_schema) == (131_072, True)
    row.delete()
    assert not ModelProbe.objects.exists()
    assert not ModelCall.objects.exists()


def test_a_test_whose_worker_is_lost_says_so(user: User, page: Client) -> None:
    row = start_probe(user, offer_of(user, "openrouter", CODER), owner=user)

    host, namespace, _pid, _started = worker_name().split("/")
    ModelProbe.objects.claim(row.pk, f"{host}/{namespace}/999999/1")
    recover_lost_runs()
    row.refresh_from_db()
    assert (row.status, row.reason) == (ProbeStatus.FAILED, BROKE_OFF)
    assert "test broke off" in shown(page)


def test_a_living_test_is_left_alone_but_not_for_ever(user: User, page: Client) -> None:
    row = start_probe(user, offer_of(user, "openrouter", CODER), owner=user)
    ModelProbe.objects.claim(row.pk, "another-machine/1/1/1")
    recover_lost_runs()
    row.refresh_from_db()
    assert row.status == ProbeStatus.RUNNING
    ModelProbe.objects.update(started_at=timezone.now() - timedelta(hours=1))
    recover_lost_runs()
    row.refresh_from_db()
    assert row.status == ProbeStatus.FAILED


def test_a_lost_message_is_sent_again(user: User, page: Client, endpoint: Endpoint) -> None:
    tried(endpoint)
    row = start_probe(user, offer_of(user, "openrouter", CODER), owner=user)
    OrmQ.objects.all().delete()
    recover_lost_runs()
    assert OrmQ.objects.count() == 1
    import_string(delivery.TEST_TASK)()
    row.refresh_from_db()
    assert row.status == ProbeStatus.DONE
    execute_next_probe()
    assert ModelCall.objects.count() == 5


def test_a_key_that_is_deleted_meanwhile_ends_the_test(user: User, page: Client, endpoint: Endpoint) -> None:
    row = start_probe(user, offer_of(user, "openrouter", CODER), owner=user)
    user.provider_keys.all().delete()
    execute_next_probe()
    row.refresh_from_db()
    assert (row.status, "cannot be asked any more" in row.reason) == (ProbeStatus.FAILED, True)
    with pytest.raises(LaunchError):
        offer_of(user, "openrouter", CODER)
