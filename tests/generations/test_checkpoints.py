"""A run goes on from its newest checkpoint that is whole."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from agents.context import StageMeasures
from agents.types import SourceFile, StageName
from generations.checkpoints import state_hash
from generations.images import UploadedImage
from generations.launch import RunOrder, start_run
from generations.models import Artifact, Blob, Checkpoint, CheckpointStatus, Run, RunEvent
from generations.run_view import RunView
from tests.factories import claim, make_checkpoints, make_run, make_state, make_user

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def newest() -> Checkpoint:
    return Checkpoint.objects.order_by("number").last() or pytest.fail("no checkpoint")


def damage_state() -> None:
    row = newest()
    row.state["prompt"] = "something else"
    row.save(update_fields=["state"])


def empty_state() -> None:
    Checkpoint.objects.filter(pk=newest().pk).update(state=None)


def future_version() -> None:
    row = newest()
    row.state["version"] = 99
    row.state_sha256 = state_hash(row.state)
    row.save(update_fields=["state", "state_sha256"])


def newest_file() -> Artifact:
    return newest().artifacts.get(path="extras.py")


def damage_content() -> None:
    Blob.objects.filter(pk=newest_file().blob_id).update(packed=zlib.compress(b"something else"))


def truncate_content() -> None:
    blob = newest_file().blob
    Blob.objects.filter(pk=blob.pk).update(packed=bytes(blob.packed)[:4])


def empty_content() -> None:
    Blob.objects.filter(pk=newest_file().blob_id).update(packed=b"\0" * 64)


def lose_content() -> None:
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM generations_artifact WHERE blob_id = %s", [newest_file().blob_id])
        cursor.execute("DELETE FROM generations_blob WHERE sha256 NOT IN (SELECT blob_id FROM generations_artifact)")


def wrong_hash() -> None:
    Checkpoint.objects.filter(pk=newest().pk).update(state_sha256="0" * 64)


def lose_a_file() -> None:
    newest_file().delete()


def change_a_mode() -> None:
    Artifact.objects.filter(pk=newest_file().pk).update(mode=0o755)


DAMAGES = [
    damage_state, empty_state, future_version, wrong_hash, damage_content, truncate_content, empty_content,
    lose_content, lose_a_file, change_a_mode,
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(damage: Callable[[], None]) -> None:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.CODE, StageName.EXTRAS)
    damage()
    state, files = journal.last_state()
    assert state.done == (StageName.CODE,)
    assert [file.path for file in files] == ["code.py"]
    warning = RunEvent.objects.get(run=journal.run)
    assert (warning.level, "'extras' is damaged" in warning.payload["text"]) == ("warning", True)
    assert newest().status == CheckpointStatus.DAMAGED
    assert any("'extras' is damaged" in line.text for line in RunView(journal.run).log)
    # It is told once, and never gone on from again.
    assert journal.last_state()[0].done == (StageName.CODE,)
    assert RunEvent.objects.filter(run=journal.run).count() == 1


@pytest.mark.django_db
def test_with_all_checkpoints_damaged_the_run_begins_anew() -> None:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.CODE)
    empty_state()
    state, files = journal.last_state()
    assert (state.done, files, state.prompt) == ((), (), journal.run.prompt)


@pytest.mark.django_db
def test_the_tree_comes_back_bit_for_bit() -> None:
    journal = claim(make_run())
    files = (
        SourceFile("bin/start.sh", b"#!/bin/sh\r\n\xff\x00", 0o755),
        SourceFile("empty.txt", b""),
        SourceFile("größe.py", "ß = 1".encode()),
    )
    journal.checkpoint(StageName.CODE, make_state(journal.run, StageName.CODE), files, StageMeasures(seconds=1))
    assert journal.last_state()[1] == tuple(sorted(files, key=lambda file: file.path))


@pytest.mark.django_db
def test_pictures_are_in_the_state_but_not_in_its_stored_copy() -> None:
    run = start_run(make_user(), RunOrder(prompt="Make this page", images=(UploadedImage("a.png", PNG),)))
    journal = claim(run)
    state, _ = journal.last_state()
    assert len(state.images) == 1
    assert state.images[0].startswith("data:image/png;base64,iVBORw0KGgo")
    journal.checkpoint(StageName.REQUIREMENTS, state, (), StageMeasures(seconds=1))
    assert newest().state["images"] == []
    assert journal.last_state()[0].images == state.images


@pytest.mark.django_db
def test_failed_and_partial_checkpoints_are_not_gone_on_from() -> None:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.CODE)
    journal.checkpoint_failed(StageName.EXTRAS, "no", StageMeasures(seconds=1))
    journal.keep_partial((SourceFile("half.py", b""),), "Stopped")
    assert journal.last_state()[0].done == (StageName.CODE,)


@pytest.mark.django_db
def test_a_secret_of_the_site_is_not_stored_in_a_state(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = "a-very-secret-endpoint-key"
    journal = claim(make_run())
    state = make_state(journal.run, suggestions=("use a-very-secret-endpoint-key",))
    journal.checkpoint(StageName.CODE, state, (), StageMeasures(seconds=1))
    assert newest().state["suggestions"] == ["use ***key"]
    assert Run.objects.count() == 1
