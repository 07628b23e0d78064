"""Administrators see everything that is stored, change no history, and never see a key."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.context import StageMeasures
from agents.events import LogLine
from agents.types import SourceFile, StageName
from generations.attempts import set_aside
from generations.keys import get_key
from generations.models import (
    CatalogueModel,
    MemoryEntry,
    ModelCall,
    ModelProbe,
    OwnEndpoint,
    Preview,
    ProviderKey,
    QualityReport,
    TryOut,
)  # fmt: skip
from tests.factories import claim, make_run, make_state, make_user

SECRET = "secret-0123456789-abcd"
LISTS = ("project", "run", "runevent", "checkpoint", "modelcall", "qualityreport", "memoryentry", "providerkey",
         "ownendpoint", "modelprobe", "cataloguemodel", "attempt", "preview",
         "tryout")  # fmt: skip
HISTORY = tuple(name for name in LISTS if name not in ("project", "providerkey", "ownendpoint", "cataloguemodel"))


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def fill(count: int) -> None:
    for _ in range(count):
        journal = claim(make_run())
        journal.record(LogLine(stage="code", text="<script>alert(1)</script>"))
        files = (SourceFile("<b>.py", b"x = 1\n"),)
        journal.checkpoint(StageName.CODE, make_state(journal.run), files, StageMeasures(seconds=1))
        owner = journal.run.project.owner
        ModelCall.objects.create(run=journal.run, seconds=1, request=[{"text": "<i>"}], reply="<script>")
        set_aside(journal.run, None)
        for model in (Preview, TryOut):
            model.objects.create(run=journal.run, user=owner, checkpoint=journal.run.checkpoints.get(), reason="<i>")
        QualityReport.objects.create(run=journal.run, measures={"lint": {"value": 1, "detail": "<i>"}}, overall=1)
        MemoryEntry.objects.create(owner=owner, run=journal.run, kind="practice", title="t", text="x", fingerprint="f")
        ProviderKey.objects.create(owner=owner, provider="custom", ciphertext="x", last_four="abcd")
        row = OwnEndpoint.objects.create(name="weather", base_url="https://a.example/v1", model=f"m{journal.run.pk}")
        findings = [{"check": "answers", "found": "no", "reason": "<script>alert(1)</script>", "number": None}]
        ModelProbe.objects.create(asked_by=owner, endpoint=row, provider="weather", model="m", output_tokens=400,
                                  status="done", findings=findings)  # fmt: skip
        CatalogueModel.objects.create(mode="testing", work="coder", provider="weather", model=f"weather/{row.pk}")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(
    name: str, administrator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fill(12)
    with django_assert_max_num_queries(11):
        page = administrator.get(reverse(f"admin:generations_{name}_changelist"))
    assert page.status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_search_filters_and_pages_of_rows_work_and_escape(name: str, administrator: Client) -> None:
    fill(1)
    listing = reverse(f"admin:generations_{name}_changelist")
    assert administrator.get(listing, {"q": "weather"}).status_code == 200
    found = re.search(rf"/admin/generations/{name}/[^/\"]+/change/", administrator.get(listing).content.decode())
    assert found is not None
    page = administrator.get(found[0]).content.decode()
    assert "<script>alert" not in page
    assert "<script></pre>" not in page


@pytest.mark.parametrize("name", HISTORY)
def test_history_can_neither_be_added_nor_changed(name: str, administrator: Client) -> None:
    fill(1)
    assert administrator.get(reverse(f"admin:generations_{name}_add")).status_code == 403
    listing = administrator.get(reverse(f"admin:generations_{name}_changelist")).content.decode()
    found = re.search(rf"/admin/generations/{name}/[^/\"]+/change/", listing)
    assert found is not None
    assert administrator.post(found[0], {"status": "succeeded"}).status_code == 403


def test_a_key_is_entered_once_and_never_shown_again(administrator: Client) -> None:
    owner = make_user()
    form = {"provider": "custom", "owner": str(owner.pk), "secret": SECRET}
    answer = administrator.post(reverse("admin:generations_providerkey_add"), form)
    assert answer.status_code == 302
    row = ProviderKey.objects.get()
    assert get_key(owner, "custom") == SECRET
    change = reverse("admin:generations_providerkey_change", args=[row.pk])
    listing = reverse("admin:generations_providerkey_changelist")
    pages = [administrator.get(url).content.decode() for url in (change, listing)]
    assert not any(SECRET in page or row.ciphertext in page for page in pages)
    assert all("…abcd" in page for page in pages)
    assert not any(SECRET in str(values) for values in LogEntry.objects.values())


def test_an_empty_secret_keeps_the_stored_one_and_a_new_one_replaces_it(administrator: Client) -> None:
    owner = make_user()
    add = reverse("admin:generations_providerkey_add")
    administrator.post(add, {"provider": "custom", "owner": str(owner.pk), "secret": SECRET})
    change = reverse("admin:generations_providerkey_change", args=[ProviderKey.objects.get().pk])
    administrator.post(change, {"provider": "custom", "owner": str(owner.pk), "secret": ""})
    assert get_key(owner, "custom") == SECRET
    administrator.post(change, {"provider": "custom", "owner": str(owner.pk), "secret": "another-key-9999"})
    assert get_key(owner, "custom") == "another-key-9999"
    assert "another-key-9999" not in str(list(LogEntry.objects.values()))


@pytest.mark.parametrize("form", [{"secret": ""}, {"secret": "two words"}, {"secret": SECRET, "provider": ""}])
def test_a_wrong_key_form_stores_nothing_and_shows_no_secret(form: dict[str, str], administrator: Client) -> None:
    answer = administrator.post(reverse("admin:generations_providerkey_add"), {"provider": "custom", **form})
    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()
    assert not ProviderKey.objects.exists()


def test_a_second_key_of_the_site_for_a_provider_is_refused_with_a_sentence(administrator: Client) -> None:
    for _ in range(2):
        answer = administrator.post(
            reverse("admin:generations_providerkey_add"), {"provider": "custom", "owner": "", "secret": SECRET}
        )
    assert "There is a key for this owner and provider already" in answer.content.decode()
    assert ProviderKey.objects.count() == 1


def test_a_dump_of_the_data_holds_no_secret(administrator: Client, capsys: pytest.CaptureFixture[str]) -> None:
    administrator.post(reverse("admin:generations_providerkey_add"), {"provider": "custom", "secret": SECRET})
    call_command("dumpdata", "generations", "admin")
    printed = capsys.readouterr().out
    assert "ciphertext" in printed
    assert SECRET not in printed


def test_people_without_the_right_do_not_get_in() -> None:
    client = Client()
    assert client.get(reverse("admin:generations_run_changelist")).status_code == 302


@pytest.mark.django_db
def test_signed_in_people_without_the_right_do_not_get_in() -> None:
    client = Client()
    client.force_login(make_user())
    assert client.get(reverse("admin:generations_run_changelist")).status_code == 302


def test_the_catalogue_shows_what_tests_of_the_site_found(administrator: Client) -> None:
    user = make_user()
    row = CatalogueModel.objects.create(mode="testing", work="coder", provider="openrouter", model="weather/m")
    listing = reverse("admin:generations_cataloguemodel_changelist")
    assert "not tested" in administrator.get(listing, {"q": "weather"}).content.decode()
    refused = {"check": "answers", "found": "no", "reason": "It does not take the key.", "number": None}
    test = {"asked_by": user, "provider": row.provider, "model": row.model, "output_tokens": 400, "status": "done"}
    ModelProbe.objects.create(**test, owner=user, findings=[refused])
    assert "does not answer" not in administrator.get(listing, {"q": "weather"}).content.decode()
    ModelProbe.objects.create(**test, findings=[refused])
    assert "does not answer" in administrator.get(listing, {"q": "weather"}).content.decode()


def test_an_endpoint_of_the_site_is_judged_in_the_administration_too(administrator: Client) -> None:
    form = {"name": "Inside", "base_url": "http://10.0.0.1/v1", "model": "m", "secret": SECRET}
    add = reverse("admin:generations_ownendpoint_add")
    assert "private network" in administrator.post(add, form).content.decode()
    assert administrator.post(add, {**form, "base_url": "https://93.184.216.34/v1"}).status_code == 302
    row = OwnEndpoint.objects.get()
    assert get_key(make_user(), row.provider) == SECRET
    change = reverse("admin:generations_ownendpoint_change", args=[row.pk])
    assert SECRET not in administrator.get(change).content.decode()
    assert SECRET not in str(list(LogEntry.objects.values()))
