"""The pages on which a run is begun again, and those on which its earlier attempts and checkpoints are read."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
import zlib

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from agents.types import StageName
from generations import launch
from generations.models import Blob, Checkpoint, Draft, Run, RunStatus
from tests.factories import claim, make_project, make_run_at_rest, make_user, newest_of

pytestmark = pytest.mark.django_db
THREE = (StageName.REQUIREMENTS, StageName.STRUCTURE, StageName.CODE)


@pytest.fixture
def mine(client: Client, user: User) -> Client:
    """A browser in which the user is signed in."""
    client.force_login(user)
    return client


@pytest.fixture
def run(user: User) -> Run:
    """A run that failed after three stages."""
    return make_run_at_rest(*THREE, project=make_project(user))


def text_of(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def form(run: Run, **changes: str) -> dict[str, str]:
    return {"profile": "offline", "submission": str(uuid.uuid4()), "version": "0", **changes}


def urls(run: Run) -> dict[str, str]:
    """Every page about going back, by name, of a run that has an earlier attempt."""
    code = newest_of(run, StageName.CODE).pk
    structure = newest_of(run, StageName.STRUCTURE).pk
    return {
        "run-again": reverse("run-again", args=[run.pk]),
        "attempt": reverse("attempt", args=[run.pk, 1]),
        "checkpoint": reverse("checkpoint", args=[code]),
        "checkpoint-again": reverse("checkpoint-again", args=[code]),
        "checkpoint-edit": reverse("checkpoint-edit", args=[code]) + "?path=code.py",
        "checkpoint-plan": reverse("checkpoint-plan", args=[structure]),
        "checkpoint-archive": reverse("checkpoint-archive", args=[code]),
        "checkpoint-file": reverse("checkpoint-file", args=[code, "code.py"]),
    }


@pytest.fixture
def twice(run: Run) -> Run:
    """The same, after a second attempt that failed as well."""
    journal = claim(launch.resume_run(run))
    journal.finish(RunStatus.FAILED, [], reason="Again.")
    return Run.objects.select_related("project__owner").get(pk=run.pk)


def test_what_is_not_mine_does_not_exist(client: Client, twice: Run) -> None:
    client.force_login(make_user())
    for name, url in urls(twice).items():
        assert client.get(url).status_code == 404, name
        assert client.post(url, form(twice)).status_code in (404, 405), name
    discard = reverse("checkpoint-discard", args=[newest_of(twice, StageName.CODE).pk])
    assert client.post(discard).status_code == 404
    assert (Run.objects.count(), Draft.objects.count()) == (1, 0)


def test_all_pages_can_be_seen_without_inline_script_or_style(mine: Client, twice: Run) -> None:
    for name, url in urls(twice).items():
        response = mine.get(url)
        assert response.status_code == 200, name
        if name != "checkpoint-archive":
            text = response.content.decode()
            assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text), name


def test_the_dialog_says_what_is_reused_and_what_will_become(mine: Client, run: Run) -> None:
    page = text_of(mine, "checkpoint-again", newest_of(run, StageName.STRUCTURE).pk)
    assert re.findall(r"<strong>(\w+)</strong> reused, done", page) == ["requirements", "structure"]
    assert re.findall(r"<strong>(\w+)</strong> runs again", page) == list(StageName)[2:]
    assert "attempt 2 of this run" in page
    assert "no tokens and no cost" in page


def test_a_choice_changes_what_is_shown_with_and_without_script(mine: Client, run: Run) -> None:
    url = reverse("checkpoint-again", args=[newest_of(run, StageName.STRUCTURE).pk])
    choice = {"profile": "offline", "max_tokens": "5000"}
    part = mine.get(url, choice, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="consequences"')
    assert "a new run, #2" in part
    whole = mine.get(url, choice).content.decode()
    assert "a new run, #2" in whole
    assert 'value="5000"' in whole


def test_sending_it_begins_an_attempt_or_a_fork_once(mine: Client, run: Run) -> None:
    url = reverse("checkpoint-again", args=[newest_of(run, StageName.STRUCTURE).pk])
    answer = mine.post(url, form(run))
    assert answer["Location"] == reverse("run", args=[run.pk])
    run.refresh_from_db()
    assert (run.status, run.earlier_attempts.count()) == (RunStatus.QUEUED, 1)
    launch.request_stop(run)
    changed = form(run, max_tokens="5000")
    first, second = (mine.post(url, changed) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert first["Location"] != reverse("run", args=[run.pk])
    page = mine.get(first["Location"]).content.decode()
    assert f'Fork of <a href="{reverse("run", args=[run.pk])}">#1</a> after structure' in page
    assert page.count('<span class="figure">reused</span>') == 2


def test_what_is_wrong_stands_beside_its_field(mine: Client, run: Run) -> None:
    answer = mine.post(reverse("run-again", args=[run.pk]), form(run, max_tokens="-4"))
    assert (answer.status_code, "greater than or equal to 1" in answer.content.decode()) == (422, True)
    assert Run.objects.count() == 1


def test_a_file_is_edited_and_the_second_editor_loses_nothing(mine: Client, run: Run) -> None:
    checkpoint = newest_of(run, StageName.CODE)
    url = reverse("checkpoint-edit", args=[checkpoint.pk])
    page = text_of(mine, "checkpoint-edit", checkpoint.pk, path="code.py")
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen is not None
    sent = {"path": "code.py", "seen": seen[1]}
    assert mine.post(url, {**sent, "text": "first = 1\n"}).status_code == 302
    conflict = mine.post(url, {**sent, "text": "second = 2\n"})
    told = conflict.content.decode()
    assert (conflict.status_code, "first = 1" in told, "second = 2" in told) == (409, True, True)
    newer = re.search(r'name="seen" value="(\w+)"', told)
    assert newer is not None
    assert newer[1] != seen[1]
    assert mine.post(url, {**sent, "seen": newer[1], "text": "second = 2\n"}).status_code == 302
    dialog = text_of(mine, "checkpoint-again", checkpoint.pk)
    assert "1 changed by hand" in dialog
    assert "a new run, #2" in dialog
    version = re.search(r'name="version" value="(\d+)"', dialog)
    assert version is not None
    answer = mine.post(reverse("checkpoint-again", args=[checkpoint.pk]), form(run, version=version[1]))
    fork = Run.objects.get(number=2)
    assert answer["Location"] == reverse("run", args=[fork.pk])
    assert mine.get(reverse("run-file-raw", args=[fork.pk, "code.py"])).content == b"second = 2\n"


def test_a_file_that_cannot_be_saved_is_shown_again_with_what_was_typed(mine: Client, run: Run) -> None:
    url = reverse("checkpoint-edit", args=[newest_of(run, StageName.CODE).pk])
    answer = mine.post(url, {"path": "../x", "seen": "", "text": "kept words"})
    assert (answer.status_code, "kept words" in answer.content.decode()) == (422, True)
    assert mine.post(url, {"path": "a/b.txt", "seen": "", "text": "\nfirst line is empty\n"}).status_code == 302
    page = mine.get(url, {"path": "a/b.txt"}).content.decode()
    assert ">\n\nfirst line is empty\n</textarea>" in page
    mine.post(reverse("checkpoint-discard", args=[newest_of(run, StageName.CODE).pk]))
    assert not Draft.objects.exists()


def test_the_plan_is_edited_for_a_fork_and_a_second_editor_sees_both(mine: Client, run: Run) -> None:
    checkpoint = newest_of(run, StageName.STRUCTURE)
    url = reverse("checkpoint-plan", args=[checkpoint.pk])
    sent = {
        "version": "0",
        "criteria": "AC-1: It answers",
        "path-0": "app.py",
        "purpose-0": "All",
        "test": "pytest -x",
    }
    assert mine.post(url, sent).status_code == 302
    conflict = mine.post(url, {**sent, "test": "pytest --mine"})
    told = conflict.content.decode()
    assert (conflict.status_code, "pytest -x" in told, "pytest --mine" in told) == (422, True, True)
    page = text_of(mine, "checkpoint-again", checkpoint.pk)
    assert "a new run, #2" in page
    mine.post(reverse("checkpoint-again", args=[checkpoint.pk]), form(run, version="1"))
    state = Checkpoint.objects.get(run__number=2).state
    assert state["plan"]["commands"]["test"] == "pytest -x"
    assert state["requirements"]["criteria"][0]["text"] == "It answers"


def test_an_earlier_attempt_is_read_with_its_own_checkpoints_and_events(mine: Client, twice: Run) -> None:
    page = text_of(mine, "attempt", twice.pk, 1)
    assert "Why it ended." in page
    assert page.count('class="step step-succeeded"') == 3
    assert '<span class="figure">reused</span>' not in page
    assert "Resumed; the run waits" not in page
    assert "attempt" in text_of(mine, "run", twice.pk)
    assert mine.get(reverse("attempt", args=[twice.pk, 2])).status_code == 404


def test_a_running_run_offers_nothing_to_begin_from(mine: Client, run: Run) -> None:
    assert "Run again from here" in text_of(mine, "run", run.pk)
    launch.resume_run(run)
    assert "Run again from here" not in text_of(mine, "run", run.pk)
    answer = mine.get(reverse("run-again", args=[run.pk]), follow=True).content.decode()
    assert "Pause or stop it first" in answer


def damage(run: Run) -> Checkpoint:
    checkpoint = newest_of(run, StageName.CODE)
    blob = checkpoint.artifacts.get(path="code.py").blob_id
    Blob.objects.filter(pk=blob).update(packed=zlib.compress(b"something else"))
    return checkpoint


def test_damage_is_said_on_the_page_and_the_one_before_is_used(mine: Client, run: Run) -> None:
    checkpoint = damage(run)
    page = text_of(mine, "run", run.pk)
    assert "The checkpoint of the stage &#x27;code&#x27; is damaged" in page
    assert '<span class="badge text-bg-danger">damaged</span>' in page
    assert "Resume after structure" in page
    refused = mine.get(reverse("checkpoint-again", args=[checkpoint.pk]), follow=True).content.decode()
    assert "is damaged: it is not what was stored" in refused
    assert "Damaged." in text_of(mine, "checkpoint", checkpoint.pk)
    assert "This file is damaged" in text_of(mine, "checkpoint-file", checkpoint.pk, "code.py")
    assert "This file is damaged" in text_of(mine, "run-file", run.pk, "code.py")
    assert mine.get(reverse("run-file-raw", args=[run.pk, "code.py"])).status_code == 404
    assert mine.get(reverse("run-archive", args=[run.pk])).status_code == 302
    state, _files = claim(launch.resume_run(run)).last_state()
    assert state.done == THREE[:2]
    assert "damaged" in text_of(mine, "run", run.pk)


def test_a_checkpoint_gives_its_files_as_they_were(mine: Client, run: Run) -> None:
    url = reverse("checkpoint-archive", args=[newest_of(run, StageName.STRUCTURE).pk])
    names = zipfile.ZipFile(io.BytesIO(b"".join(mine.get(url)))).namelist()
    assert sorted(name.split("/", 1)[1] for name in names) == ["requirements.py", "structure.py"]
