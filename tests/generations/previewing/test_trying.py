"""A delivered command line tool is tried on a form: in a sandbox, with what the person gave it and nothing else."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents.types import ProjectType
from generations import preview_view
from generations.errors import LaunchError, TooMany
from generations.models import PreviewStatus, Run, TryOut
from generations.previewing import asking, trying
from generations.previewing.asking import start_try
from generations.wiring import site_sandbox
from tests.factories import make_user
from tests.previewed import TOOL, make_delivered, open_house, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(user: User) -> Run:
    return make_delivered(user, TOOL, ProjectType.CLI_TOOL)


@pytest.mark.sandbox
def test_no_shell_reads_the_arguments_and_what_was_written_can_be_had(
    user: User, run: Run, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(user)
    page = reverse("run-try", args=[run.pk])
    given = {"arguments": """in.txt 'a b' $HOME ";id" `id` > x""", "upload": SimpleUploadedFile("in.txt", b"hello")}
    with open_house():
        assert client.post(page, given).status_code == 302
        row = TryOut.objects.get()
        wait_for(row, PreviewStatus.ENDED)
        assert (row.reason, row.exit_code, row.timed_out, row.upload) == ("", 4, False, None)
        assert row.output.splitlines() == ["['in.txt', 'a b', '$HOME', ';id', '`id`', '>', 'x']", "done"]
        assert row.files == [{"path": "out/upper.txt", "size": 5}]
        shown = client.get(page).content.decode()
        assert "Exit code 4" in shown
        archive = client.get(reverse("run-try-written", args=[run.pk, row.pk])).content
        assert zipfile.ZipFile(io.BytesIO(archive)).read("out/upper.txt") == b"HELLO"
        monkeypatch.setattr(trying, "SECONDS", 0.3)
        row = start_try(user, run, "wait", None)
        wait_for(row, PreviewStatus.ENDED)
        assert (row.timed_out, row.exit_code) == (True, None)
        # Its run is deleted while it goes on.
        monkeypatch.setattr(trying, "SECONDS", 300.0)
        row = start_try(user, run, "wait", None)
        wait_for(row, PreviewStatus.RUNNING)
        run.delete()
    assert site_sandbox().present() == set()


@pytest.mark.parametrize(
    ("arguments", "upload", "sentence"),
    [
        ("'open", None, "quotation mark"),
        ("x" * 2001, None, "at most 2000"),
        ("", SimpleUploadedFile("tool.py", b"evil"), "of its own; give"),
        ("", SimpleUploadedFile("big", b"x" * 11), "larger than"),
    ],
)
def test_what_is_wrong_stands_on_the_form(
    user: User, run: Run, client: Client, monkeypatch: pytest.MonkeyPatch,
    arguments: str, upload: SimpleUploadedFile | None, sentence: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(preview_view, "MAX_UPLOAD", 10)
    client.force_login(user)
    given = {"arguments": arguments} | ({"upload": upload} if upload else {})
    answer = client.post(reverse("run-try", args=[run.pk]), given)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not TryOut.objects.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/in.txt", "in.txt"), ("a\\b.csv", "b.csv"), ("..", "upload-"), (".env", "env"), ("ä\n.csv", "__.csv")],
)
def test_the_name_of_a_file_is_a_plain_one(user: User, run: Run, name: str, kept: str) -> None:
    assert start_try(user, run, "", (name, b"")).upload_name.startswith(kept)


def test_one_try_at_a_time_and_so_many_an_hour(user: User, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    start_try(user, run, "", None)
    with pytest.raises(TooMany, match="still going on"):
        start_try(user, run, "", None)
    TryOut.objects.end("")
    monkeypatch.setattr(asking, "STARTS_PER_HOUR", 1)
    with pytest.raises(TooMany, match="an hour"):
        start_try(user, run, "", None)


def test_old_tries_go(user: User, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "KEPT", 2)
    for number in range(4):
        start_try(user, run, str(number), None)
        TryOut.objects.end("")
    assert sorted(TryOut.objects.values_list("arguments", flat=True)) == ["", "", "2", "3"]
    monkeypatch.setattr(asking, "STARTS_PER_HOUR", 4)
    with pytest.raises(TooMany, match="an hour"):
        start_try(user, run, "", None)
    monkeypatch.setattr(asking, "HOUR", timedelta(0))
    start_try(user, run, "4", None)
    assert sorted(TryOut.objects.values_list("arguments", flat=True)) == ["3", "4"]


def test_what_is_not_mine_does_not_exist(user: User, run: Run, client: Client) -> None:
    row = start_try(user, run, "", None)
    client.force_login(make_user())
    for name in ("preview", "preview-open", "preview-panel", "run-try"):
        assert client.get(reverse(name, args=[run.pk])).status_code == 404
    for name in ("preview-start", "preview-stop", "run-try"):
        assert client.post(reverse(name, args=[run.pk])).status_code == 404
    assert client.get(reverse("run-try-written", args=[run.pk, row.pk])).status_code == 404
    row.refresh_from_db()
    assert row.live


def test_words_and_files_that_are_too_much_are_refused(user: User, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LaunchError):
        asking.words_of("a\0b")
    monkeypatch.setattr(asking, "MAX_UPLOAD", 10)
    with pytest.raises(LaunchError, match="larger than"):
        start_try(user, run, "", ("big", b"x" * 11))
