"""Which models a run asks: by the keys that are there, the catalogue, and what the person wished."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.errors import AgentError
from agents.types import Role
from generations import launch
from generations.catalogue_seed import SEEDS
from generations.errors import LaunchError
from generations.keys import set_key
from generations.models import CatalogueModel, ModelCall, Run, RunStatus
from generations.order import RunOrder
from generations.profiles import default_profile, models_for, profiles
from generations.tasks import execute_run
from tests.factories import make_project, make_run, make_user
from tests.model_endpoint import ModelEndpoint, model_endpoint

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def catalogue(settings: Settings, db: None) -> None:
    """The catalogue as it is seeded; tests that empty the tables take it away."""
    settings.OPENROUTER_API_KEY = settings.QWEN_API_KEY = settings.ANTHROPIC_API_KEY = ""
    settings.MODEL_PROVIDER = settings.SCRIPTED_PROVIDER = ""
    CatalogueModel.objects.all().delete()
    CatalogueModel.objects.bulk_create(CatalogueModel(**seed._asdict()) for seed in SEEDS)


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelEndpoint]:
    """OpenRouter, as far as this test goes."""
    with model_endpoint() as server:
        settings.OPENROUTER_BASE_URL = settings.QWEN_BASE_URL = server.base_url
        settings.SANDBOX = "docker"
        yield server


def keys(owner: User | None = None) -> list[str]:
    return [profile.key for profile in profiles(owner)]


def test_without_any_key_there_is_the_offline_provider(user: User) -> None:
    assert keys(user) == ["offline"]
    with pytest.raises(LaunchError, match="Choose one of these providers: offline"):
        launch.start_run(user, RunOrder(prompt="Add numbers", profile="testing"))


def test_a_key_offers_its_models_to_its_owner_only(user: User) -> None:
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    assert keys(user) == ["offline", "testing", "openrouter"]
    assert keys(make_user()) == ["offline"]
    set_key(None, "qwen", "sk-of-the-site-0123456789")
    assert keys(make_user()) == ["offline", "individual"]


def test_the_environment_proposes_a_profile_that_can_be_used(user: User, settings: Settings) -> None:
    settings.USE_OPENROUTER = True
    assert default_profile(user) == "offline"
    settings.OPENROUTER_API_KEY = "sk-of-the-environment-012"
    assert default_profile(user) == "openrouter"
    settings.USE_TESTING_MODE = True
    assert default_profile(user) == "testing"
    settings.MODEL_PROVIDER = "offline"
    assert default_profile(user) == "offline"


def test_each_role_has_its_models_with_fallbacks_and_prices(user: User) -> None:
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    clients, catalogue = models_for("testing", user)
    assert list(clients) == ["openrouter"]
    assert [choice.model for choice in catalogue.for_role(Role.CODER)] == [
        "qwen/qwen3-coder:free", "qwen/qwen2.5-72b-instruct:free",
    ]  # fmt: skip
    assert catalogue.for_role(Role.PLANNER) == catalogue.for_role(Role.ORCHESTRATOR)
    assert catalogue.for_role(Role.CODER)[0].cost(10**6, 10**6) == 0
    assert catalogue.for_role(Role.DEBUGGER)[0].cost(10**6, 10**6) == 18
    assert catalogue.for_role(Role.VISION)[0].model == "qwen/qwen2.5-vl-32b-instruct:free"
    assert catalogue.strongest is not None
    assert catalogue.strongest.model.startswith("anthropic/")


def test_without_one_of_the_keys_the_others_do_its_work(user: User) -> None:
    set_key(user, "qwen", "sk-of-the-user-0123456789")
    clients, catalogue = models_for("individual", user)
    assert list(clients) == ["qwen"]
    assert [choice.model for choice in catalogue.for_role(Role.DEBUGGER)] == ["qwen3-max"]
    set_key(user, "anthropic", "sk-of-the-user-9876543210")
    clients, catalogue = models_for("individual", user)
    assert sorted(clients) == ["anthropic", "qwen"]
    assert catalogue.for_role(Role.DEBUGGER)[0].model == "claude-sonnet-4-5"


def test_what_the_administrator_changes_counts_at_once(user: User) -> None:
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    coders = CatalogueModel.objects.filter(mode="testing", work="coder")
    coders.filter(rank=0).update(enabled=False)
    _clients, catalogue = models_for("testing", user)
    assert [choice.model for choice in catalogue.for_role(Role.CODER)] == ["qwen/qwen2.5-72b-instruct:free"]
    coders.update(enabled=False)
    with pytest.raises(AgentError, match="no usable model for the coder in 'testing'"):
        models_for("testing", user)


def test_a_wished_model_is_asked_first_and_the_others_stay_as_fallbacks(user: User) -> None:
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    wished = CatalogueModel.objects.get(mode="openrouter", work="coder", rank=0)
    _clients, catalogue = models_for("testing", user, {"coder": wished.pk})
    assert [choice.model for choice in catalogue.for_role(Role.TESTER)] == [
        "qwen/qwen3-coder-plus", "qwen/qwen3-coder:free", "qwen/qwen2.5-72b-instruct:free",
    ]  # fmt: skip


def test_a_wished_model_of_another_provider_has_its_client(user: User) -> None:
    for provider in ("openrouter", "qwen"):
        set_key(user, provider, "sk-of-the-user-0123456789")
    wished = CatalogueModel.objects.get(mode="individual", work="coder", rank=0)
    clients, catalogue = models_for("testing", user, {"coder": wished.pk})
    assert catalogue.for_role(Role.CODER)[0].provider in clients


def test_questions_about_a_profile_load_no_client(user: User) -> None:
    code = (
        "import sys, django; django.setup()\n"
        "from generations import estimates, model_choice, offers, probes, profiles\n"
        "assert not {'openai', 'httpx2'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "DJANGO_SETTINGS_MODULE": "autocoder_site.settings"})  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.sandbox
def test_a_run_asks_each_role_s_model_with_the_owner_s_key(user: User, endpoint: ModelEndpoint) -> None:
    set_key(None, "openrouter", "sk-of-the-site-0123456789")
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    endpoint.broken["qwen/qwen3-coder:free"] = 404
    run = launch.start_run(user, RunOrder(prompt="Add numbers", profile="testing"), deliver=False)
    assert execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.reason
    assert {one["key"] for one in endpoint.asked} == {"Bearer sk-of-the-user-0123456789"}
    assert [(one["purpose"], one["model"]) for one in endpoint.asked] == [
        ("requirements", "qwen/qwen2.5-72b-instruct:free"),
        ("source", "qwen/qwen3-coder:free"), ("source", "qwen/qwen2.5-72b-instruct:free"),
        ("tests", "qwen/qwen3-coder:free"), ("tests", "qwen/qwen2.5-72b-instruct:free"),
    ]  # fmt: skip
    assert (run.tokens, run.cost_usd) == (450, 0)
    assert run.model_calls.count() == len(endpoint.asked)
    stored = str(list(Run.objects.values())) + str(list(run.events.values())) + str(list(run.model_calls.values()))
    assert "sk-of-the-user" not in stored


def test_the_form_offers_what_the_person_s_keys_allow(client: Client, user: User) -> None:
    client.force_login(user)
    assert 'value="testing"' not in client.get(reverse("run-new")).content.decode()
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    assert 'value="testing"' in client.get(reverse("run-new")).content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"max_output_tokens": 300_000}, "An answer is shorter than the context"),
        ({"work": "vision"}, "must be able to see images"),
        ({"provider": "nobody"}, "Select a valid choice"),
    ],
)
def test_the_catalogue_is_edited_in_the_administration(change: dict[str, object], sentence: str) -> None:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    row = CatalogueModel.objects.get(mode="openrouter", work="coder", rank=0)
    url = reverse("admin:generations_cataloguemodel_change", args=[row.pk])
    fields = ("mode", "work", "rank", "provider", "model", "context_tokens", "max_output_tokens", "prompt_price")
    good = {name: getattr(row, name) for name in fields} | {"enabled": "on", "completion_price": "7.5"}
    assert sentence in client.post(url, good | change).content.decode()
    assert client.post(url, good).status_code == 302
    row.refresh_from_db()
    assert str(row.completion_price) == "7.5000"


@pytest.mark.sandbox
def test_a_model_that_is_chosen_by_hand_is_asked_first(client: Client, user: User, endpoint: ModelEndpoint) -> None:
    client.force_login(user)
    assert "Choose models by hand" not in client.get(reverse("run-new")).content.decode()
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    assert "Choose models by hand" in client.get(reverse("run-new")).content.decode()
    wished = CatalogueModel.objects.get(mode="openrouter", work="coder", rank=0)
    client.post(reverse("run-new"), {"prompt": "Add numbers", "profile": "testing", "model_coder": str(wished.pk)})
    run = Run.objects.get()
    assert execute_run(str(run.pk))
    assert [one["model"] for one in endpoint.asked[1:]] == ["qwen/qwen3-coder-plus"] * 2
    again = launch.retry_run(run)
    assert again.settings["models"] == {"coder": wished.pk}
    foreign = CatalogueModel.objects.get(mode="individual", work="coder", rank=0)
    refused = client.post(
        reverse("run-new"), {"prompt": "Add", "profile": "testing", "model_coder": str(foreign.pk)}
    )  # a model of a provider without a key
    assert refused.status_code == 422


def shown(client: Client, profile: str) -> str:
    return " ".join(client.get(reverse("run-estimate"), {"profile": profile}).content.decode().split())


def test_the_form_tells_what_a_run_will_cost(client: Client, user: User) -> None:
    client.force_login(user)
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    assert shown(client, "offline") == shown(client, "nonsense") == "No tokens and no cost: no AI is used."
    # (1400 x 0.4 + 2500 x 1.2 + 5000 x 1 + 7500 x 5) / 1,000,000 dollars
    assert "About 16,400 tokens, $0.0461 (a small application)" in shown(client, "openrouter")
    free = shown(client, "testing")
    assert "About 16,400 tokens, $0.00" in free
    assert "A review and a repair by the reasoning model add about $0.063" in free
    CatalogueModel.objects.filter(mode="openrouter", work="coder").update(prompt_price=None)
    assert "at a price that is not known" in shown(client, "openrouter")


def test_the_estimate_goes_by_what_earlier_runs_took(client: Client, user: User) -> None:
    client.force_login(user)
    set_key(user, "openrouter", "sk-of-the-user-0123456789")
    project = make_project(user)
    for tokens in (10_000, 32_800, 90_000):
        run = make_run(project, RunStatus.SUCCEEDED, provider_profile="openrouter", tokens=tokens)
        ModelCall.objects.create(run=run, seconds=1, request=[], prompt_tokens=tokens // 2,
                                 completion_tokens=tokens // 2)  # fmt: skip
    foreign = make_run(status=RunStatus.SUCCEEDED, provider_profile="openrouter", tokens=10**6)
    ModelCall.objects.create(run=foreign, seconds=1, request=[], prompt_tokens=10**6, completion_tokens=1)
    assert "About 32,800 tokens, $0.0921 (as your last 3 runs with it)" in shown(client, "openrouter")
