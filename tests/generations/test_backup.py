"""A backup is whole although the site writes, holds no keys, and can be read elsewhere."""

from __future__ import annotations

import io
import os
import tarfile
import threading
import uuid
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.events import LogLine
from agents.memory.base import MemoryKind, Note
from agents.types import SourceFile, StageName
from generations.backup.sqlite import connected_to
from generations.endings import end
from generations.invariants import violations
from generations.keys import set_key
from generations.launch import RunOrder, start_run
from generations.memory_store import OwnerMemory
from generations.models import Mark, MemoryEntry, Run, RunStatus
from tests.chroma_server import ChromaServer
from tests.factories import claim, make_checkpoints, make_user
from tests.generations.test_deleting import Letters
from tests.generations.test_journal import call

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, BACKUPS = 3, 4


@pytest.fixture(autouse=True)
def installation(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of its own, and no other site that runs."""
    (tmp_path / "var").mkdir()
    settings.VAR_DIR = tmp_path / "var"
    # A site of this checkout that runs is none of ours.
    monkeypatch.setenv("AUTOCODER_VAR_DIR", str(settings.VAR_DIR))


def backup(tmp_path: Path) -> Path:
    """A new backup of the test's database."""
    target = tmp_path / f"{uuid.uuid4()}.tar.gz"
    call_command("backup", str(target), stdout=StringIO())
    return target


def restore(source: Path, *options: str) -> str:
    """Put it back in place; what was said."""
    out = StringIO()
    call_command("restore", str(source), *options, stdout=out, stderr=out)
    return out.getvalue()


def write_runs(owner: User, ended: threading.Event, written: list[int]) -> None:
    """Order runs and bring them through some stages, one after the other."""
    try:
        while not ended.is_set():
            journal = claim(start_run(owner, RunOrder(prompt="Make something"), deliver=False))
            files = tuple(SourceFile(f"{n}.txt", os.urandom(2000)) for n in range(3))
            journal.record_call(call())
            make_checkpoints(journal, StageName.REQUIREMENTS, StageName.CODE, files=files)
            for number in range(5):
                journal.record(LogLine(stage="code", text=f"line {number}"))
            end(journal, RunStatus.UNVERIFIED, "No test ran.")
            written.append(1)
    finally:
        connection.close()


def all_runs_are_readable(client: Client) -> int:
    """Every run has its page and its files; gives how many there are."""
    for run in Run.objects.select_related("project__owner"):
        client.force_login(run.project.owner)
        assert client.get(reverse("run", args=[run.pk])).status_code == 200
        if run.checkpoints.exists():
            archive = client.get(reverse("run-archive", args=[run.pk]))
            assert zipfile.ZipFile(io.BytesIO(archive.getvalue())).testzip() is None
    return Run.objects.count()


def test_backups_under_load_are_whole_and_can_be_read_elsewhere(tmp_path: Path, client: Client) -> None:
    ended, written, owner = threading.Event(), list[int](), make_user()
    writers = [threading.Thread(target=write_runs, args=(owner, ended, written)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    backups, counts = [], []
    try:
        for _ in range(BACKUPS):
            before = len(written)
            backups.append(backup(tmp_path))
            counts.append((before, len(written) + WRITERS))
            while len(written) < before + 2:
                ended.wait(0.01)
    finally:
        ended.set()
        for writer in writers:
            writer.join()
    for number, (made, (least, most)) in enumerate(zip(backups, counts, strict=True)):
        with connected_to(tmp_path / f"elsewhere-{number}.db"):
            assert "as they were at" in restore(made)
            assert violations() == []
            assert least <= all_runs_are_readable(client) <= most
            assert not Run.objects.filter(status=RunStatus.RUNNING).exists()


def test_keys_are_apart_and_a_lost_one_is_said(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "sk-a-very-secret-key-0123456789"
    set_key(make_user(), "custom", secret)
    kept = tmp_path / "keys"
    made = tmp_path / "made.tar.gz"
    call_command("backup", str(made), "--with-keys", str(kept))
    assert Mark.objects.filter(name="backup").exists()
    with tarfile.open(made) as archive:
        inside = b"".join(archive.extractfile(name).read() for name in archive.getnames())  # type: ignore[union-attr]
    for text in (secret, settings.SECRET_KEY, *settings.ENCRYPTION_KEYS):
        assert text.encode() not in inside
    assert [oct(path.stat().st_mode & 0o777) for path in (made, kept)] == ["0o600", "0o600"]
    lines = dict(line.split("=", 1) for line in kept.read_text().splitlines())
    assert lines == {"SECRET_KEY": settings.SECRET_KEY, "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS)}
    assert "can be decrypted" not in restore(made, "--replace")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert "None of the stored provider keys (1 in all) can be decrypted" in restore(made, "--replace")
    # It can be put back once more, with the right keys, although nothing starts with the wrong ones.
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, *lines["ENCRYPTION_KEYS"].split(",")]
    assert "can be decrypted" not in restore(made, "--replace")


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    made, keys = backup(tmp_path), tmp_path / "keys"
    keys.write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(made))
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(tmp_path / "new"), "--with-keys", str(keys))
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("backup", str(tmp_path / "none/new"))
    assert keys.read_text() == "mine"
    folder = tmp_path / "folder"
    folder.mkdir()
    call_command("backup", str(folder), stdout=StringIO())
    assert [path.name.startswith("autocoder-") and path.suffix == ".gz" for path in folder.iterdir()] == [True]


def test_memory_is_found_again_although_the_vectors_are_gone(tmp_path: Path, settings: Settings) -> None:
    server = ChromaServer(tmp_path / "chroma")
    try:
        settings.CHROMA_URL = server.url
        owner = make_user()
        OwnerMemory(owner, embedder=Letters()).learn(Note(MemoryKind.PRACTICE, "learned", "learned"))
        assert MemoryEntry.objects.get().indexed_by == "letters"
        made = backup(tmp_path)
    finally:
        server.kill()
    restore(made, "--replace")
    elsewhere = ChromaServer(tmp_path / "new")
    try:
        settings.CHROMA_URL = elsewhere.url
        found = OwnerMemory(owner, embedder=Letters()).recall("learned\nlearned")
        assert [entry.title for entry in found] == ["learned"]
    finally:
        elsewhere.kill()
