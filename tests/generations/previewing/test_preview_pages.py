"""The pages that open an application, without one that runs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.types import ProjectType
from generations.models import Preview, PreviewStatus, Run
from generations.previewing.passes import origin_of
from tests.factories import make_run
from tests.previewed import TOOL, make_delivered

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def mine(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def run(user: User) -> Run:
    return make_delivered(user)


def url(name: str, run: Run) -> str:
    return reverse(name, args=[run.pk])


def test_the_run_page_offers_what_fits_the_application(mine: Client, user: User, run: Run) -> None:
    tool = make_delivered(user, TOOL, ProjectType.CLI_TOOL)
    shown = [mine.get(url("run", one)).content.decode() for one in (run, tool, make_run(run.project))]
    assert ["Open the application" in text for text in shown] == [True, False, False]
    assert ['/try/"' in text for text in shown] == [False, True, False]
    assert mine.get(url("run-try", run)).status_code == 404


def test_a_click_waits_on_a_page_and_goes_to_the_application_when_it_listens(mine: Client, run: Run) -> None:
    started = mine.post(url("preview-start", run), follow=True)
    assert "Waiting for the preview process" in started.content.decode()
    assert mine.get(url("preview-open", run))["Location"] == url("preview", run)
    assert "HX-Redirect" not in mine.get(url("preview", run), headers=HTMX)
    Preview.objects.update(status=PreviewStatus.RUNNING)
    assert mine.get(url("preview", run), headers=HTMX)["HX-Redirect"] == url("preview-open", run)
    assert f"url={url('preview-open', run)}" in mine.get(url("preview", run)).content.decode()
    address = mine.get(url("preview-open", run))["Location"]
    assert address.startswith(f"{origin_of(Preview.objects.get().host)}/.preview/enter?token=")
    assert "Stop it" in mine.get(url("preview-panel", run)).content.decode()
    mine.post(url("preview-stop", run))
    assert Preview.objects.get().status == PreviewStatus.ENDED
    assert "Stop it" not in mine.get(url("preview-panel", run)).content.decode()
    assert mine.get(url("preview-open", run))["Location"] == url("preview", run)


def test_why_it_does_not_run_is_said_as_text(mine: Client, run: Run) -> None:
    mine.post(url("preview-start", run))
    Preview.objects.end("It printed <script>alert(1)</script>")
    shown = mine.get(url("preview", run)).content.decode()
    assert "It printed &lt;script&gt;" in shown
    assert "Start it" in shown


def test_no_place_is_said_with_when_to_come_again(mine: Client, run: Run, settings: Settings) -> None:
    settings.PREVIEWS = 0
    answer = mine.post(url("preview-start", run))
    assert (answer.status_code, answer["Retry-After"]) == (429, "120")
    assert "All places" in answer.content.decode()
    assert mine.post(url("preview-start", make_run(run.project))).status_code == 422
