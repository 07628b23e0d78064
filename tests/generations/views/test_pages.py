"""What a person sees on the pages, and what nobody else may see."""

from __future__ import annotations

import io
import re
import uuid
import zipfile

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.types import SourceFile, StageName
from generations.models import Run, RunStatus
from tests.factories import claim, make_checkpoints, make_project, make_run, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(client: Client, user: User) -> Client:
    """A browser in which the user is signed in."""
    client.force_login(user)
    return client


@pytest.fixture
def run(user: User) -> Run:
    """A run in the middle, with two stages behind it."""
    made = make_run(make_project(user))
    make_checkpoints(
        claim(made), StageName.REQUIREMENTS, StageName.STRUCTURE, files=(SourceFile("app/main.py", b"x = 1\n"),)
    )
    made.refresh_from_db()
    return made


def pages(run: Run) -> list[str]:
    """Every page about one run, and every action on it."""
    names = ["run", "run-live", "run-log", "run-calls", "run-archive"]
    urls = [reverse(name, args=[run.pk]) for name in names]
    urls += [reverse(name, args=[run.pk, "structure.py"]) for name in ("run-file", "run-file-raw")]
    urls += [reverse("project", args=[run.project_id]), reverse("project-compare", args=[run.project_id])]
    return urls


def test_everything_but_health_and_sign_in_asks_who_it_is(client: Client, run: Run) -> None:
    for url in [*pages(run), reverse("home"), reverse("run-new")]:
        response = client.get(url)
        assert response.status_code == 302, url
        assert response["Location"].startswith(reverse("login"))
    assert client.get(reverse("healthz")).content == b"ok\n"


def test_what_is_not_mine_does_not_exist(client: Client, run: Run) -> None:
    client.force_login(make_user())
    for url in pages(run):
        assert client.get(url).status_code == 404, url
    for name in ("run-stop", "run-pause", "run-resume", "run-retry", "run-follow-up"):
        assert client.post(reverse(name, args=[run.pk])).status_code == 404
    run.refresh_from_db()
    assert run.stop_requested_at is None


def test_all_pages_of_my_run_can_be_seen(mine: Client, run: Run) -> None:
    for url in pages(run)[:-1]:
        response = mine.get(url)
        assert response.status_code == 200, url
        policy = response["Content-Security-Policy"]
        assert "unsafe" not in policy


def test_no_page_has_inline_script_or_style(mine: Client, run: Run) -> None:
    for url in [*pages(run), reverse("home"), reverse("run-new")]:
        text = b"".join(mine.get(url, follow=True)).decode(errors="replace")
        if text.startswith("<!doctype"):
            assert not re.search(r"<script(?![^>]*(?:src=|application/json))|<style|\sstyle=|\son\w+=", text), url


def test_the_run_page_shows_stages_files_and_understanding(mine: Client, run: Run) -> None:
    text = mine.get(reverse("run", args=[run.pk])).content.decode()
    assert text.count('class="step step-succeeded"') == 2
    assert "GET /forecasts answers 200" in text
    assert '<span class="folder">app/</span>main.py' in text


def test_a_prompt_is_text_and_never_markup(mine: Client, user: User) -> None:
    run = make_run(make_project(user), prompt="<script>alert(1)</script> API")
    for url in (reverse("run", args=[run.pk]), reverse("home"), reverse("project", args=[run.project_id])):
        assert "<script>alert" not in mine.get(url).content.decode()


def test_the_form_starts_a_run_once(mine: Client) -> None:
    data = {"prompt": "A REST API for books", "profile": "offline", "submission": str(uuid.uuid4())}
    first, second = (mine.post(reverse("run-new"), data) for _ in range(2))
    assert first.status_code == 302
    assert first["Location"] == second["Location"]
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("prompt", "  ", "Describe the application"),
        ("profile", "nobody", "Select a valid choice"),
        ("budget_usd", "-3", "greater than or equal to 0"),
        ("max_tokens", "x", "whole number"),
        ("images", SimpleUploadedFile("x.png", b"no picture"), "x.png"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    mine: Client, field: str, value: object, sentence: str
) -> None:
    data = {"prompt": "A REST API for books", "name": "My books", "profile": "offline", field: value}
    response = mine.post(reverse("run-new"), data)
    assert response.status_code == 422
    text = response.content.decode()
    assert 'value="My books"' in text
    beside = re.search(rf'id="error_{field}">(.*?)</div>', text, re.DOTALL)
    assert beside is not None
    assert sentence in beside[1]
    assert not Run.objects.exists()


def test_home_is_filtered_by_its_url(mine: Client, user: User) -> None:
    project = make_project(user)
    make_run(project, RunStatus.SUCCEEDED, prompt="Books API", language="python")
    make_run(project, RunStatus.FAILED, prompt="Movies API")
    make_run(prompt="Somebody else's API")
    shown = {
        query: re.findall(r"(\w+) API</div>", mine.get(f"/?{query}").content.decode())
        for query in ("", "q=movies", "status=succeeded", "language=python", "q=nothing", "status=%00&before=x")
    }
    assert shown == {
        "": ["Movies", "Books"],
        "q=movies": ["Movies"],
        "status=succeeded": ["Books"],
        "language=python": ["Books"],
        "q=nothing": [],
        "status=%00&before=x": ["Movies", "Books"],
    }
    assert "No run fits this search" in mine.get("/?q=nothing").content.decode()


def test_home_costs_the_same_for_few_and_many_runs(
    mine: Client, user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    call_command("seed_runs", 300, user=user.username, verbosity=0)
    with django_assert_max_num_queries(6):
        text = mine.get("/").content.decode()
    assert text.count('class="application"') == 25
    older = re.search(r'href="/\?(before=[^"]+)">Older runs', text)
    assert older is not None
    assert mine.get(f"/?{older[1]}").content.decode().count('class="application"') == 25


def test_an_empty_home_shows_examples_and_htmx_gets_the_list_only(mine: Client) -> None:
    assert "Create a REST API for weather forecasts" in mine.get("/").content.decode()
    part = mine.get("/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="runs"')
    whole = mine.get("/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}).content.decode()
    assert whole.startswith("<!doctype html>")


def test_files_are_shown_with_links_to_lines_and_downloaded(mine: Client, run: Run) -> None:
    text = mine.get(reverse("run-file", args=[run.pk, "structure.py"])).content.decode()
    assert 'id="L-1"' in text
    assert mine.get(reverse("run-file", args=[run.pk, "../../etc/passwd"])).status_code == 404
    assert mine.get(reverse("run-file", args=[run.pk, "a\x00b"])).status_code == 404
    raw = mine.get(reverse("run-file-raw", args=[run.pk, "structure.py"]))
    assert raw["Content-Type"] == "application/octet-stream"
    assert raw["Content-Disposition"].startswith("attachment")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(mine.get(reverse("run-archive", args=[run.pk])))))
    assert sorted(name.split("/", 1)[1] for name in archive.namelist()) == [
        "app/main.py", "requirements.py", "structure.py",
    ]  # fmt: skip


def test_stop_retry_and_changes(mine: Client, user: User) -> None:
    run = make_run(make_project(user))
    mine.post(reverse("run-stop", args=[run.pk]))
    run.refresh_from_db()
    assert run.status == RunStatus.STOPPED
    mine.post(reverse("run-resume", args=[run.pk]))
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    Run.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED)
    assert "cannot be resumed" in mine.post(reverse("run-resume", args=[run.pk]), follow=True).content.decode()
    mine.post(reverse("run-retry", args=[run.pk]))
    mine.post(reverse("run-follow-up", args=[run.pk]), {"change": "Add a year"})
    prompts = list(Run.objects.order_by("number").values_list("prompt", flat=True))
    assert prompts[1] == prompts[0]
    assert prompts[2].endswith("Add a year")
    assert mine.get(reverse("run-stop", args=[run.pk])).status_code == 405


def test_runs_are_compared_with_differences_first(mine: Client, user: User) -> None:
    project = make_project(user)
    runs = [
        make_run(project, RunStatus.SUCCEEDED, quality=0.9, tests_passed=9, tests_failed=0),
        make_run(project, RunStatus.FAILED, quality=None, tests_passed=3, tests_failed=2),
    ]
    url = reverse("project-compare", args=[project.pk])
    text = mine.get(url, {"run": [str(run.pk) for run in runs]}).content.decode()
    outcome = text.split("Outcome</h2>")[1].split("</section>")[0]
    assert outcome.rindex('class="differs"') < outcome.index("<tr><th")
    assert "unknown" in outcome
    assert re.search(r'class="best">9 ', outcome)
    only = mine.get(url, {"run": [str(run.pk) for run in runs], "only": "differences"}).content.decode()
    assert "<tr><th" not in only
    assert "Choose from 2 to 5 runs" in mine.get(url, {"run": str(runs[0].pk)}, follow=True).content.decode()
    stranger = make_run(status=RunStatus.FAILED)
    assert mine.get(url, {"run": [str(runs[0].pk), str(stranger.pk)]}).status_code == 404


def test_a_project_draws_its_quality_over_time(mine: Client, user: User) -> None:
    project = make_project(user)
    for quality in (0.5, 0.75):
        make_run(project, RunStatus.SUCCEEDED, quality=quality)
    text = mine.get(reverse("project", args=[project.pk])).content.decode()
    points = re.search(r'<script id="points" type="application/json">(.*?)</script>', text)
    assert points is not None
    assert [float(n) for n in re.findall(r'"quality": ([\d.]+)', points[1])] == [50.0, 75.0]
