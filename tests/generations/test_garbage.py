"""What is over its time goes, a little at a time, and is said on the page; what anybody needs stays."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import chromadb
import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.events import LogLine
from agents.memory.base import MemoryKind, Note
from agents.memory.chroma import ChromaIndex
from agents.types import StageName
from generations import editing, garbage
from generations.again import Wishes, run_again, start_at
from generations.endings import end
from generations.errors import LaunchError
from generations.garbage import collect
from generations.invariants import violations
from generations.launch import RunOrder, start_run
from generations.memory_store import OwnerMemory, scope_of
from generations.models import (
    Artifact,
    Blob,
    Checkpoint,
    KeptReply,
    MemoryEntry,
    ModelCall,
    PreviewStatus,
    Run,
    RunEvent,
    RunStatus,
    TryOut,
)
from generations.versions import make_current
from tests.chroma_server import ChromaServer
from tests.factories import claim, make_checkpoints, make_run_at_rest, make_user, newest_of
from tests.generations.test_deleting import Letters
from tests.generations.test_journal import call

pytestmark = pytest.mark.django_db
LINES = 12
OLD = 31


@pytest.fixture(autouse=True)
def _thirty_days(settings: Settings, tmp_path: Path) -> None:
    settings.KEEP_LOGS_DAYS = settings.KEEP_CALLS_DAYS = settings.KEEP_ATTEMPTS_DAYS = 30
    settings.VAR_DIR = tmp_path


def make_rested(days: int, status: str = RunStatus.STOPPED) -> Run:
    """A run with a log, a call and a kept answer that came to rest so many days ago."""
    journal = claim(start_run(make_user(), RunOrder(prompt="Make something"), deliver=False))
    make_checkpoints(journal, StageName.CODE)
    for number in range(LINES):
        journal.record(LogLine(stage="code", text=f"line {number}"))
    journal.record_call(call(outcome="answered", step="one"))
    end(journal, status, "So it was.")
    return aged(journal.run, days)


def aged(run: Run, days: int) -> Run:
    """The run as if it had ended then, and its attempts too."""
    then = timezone.now() - timedelta(days=days)
    Run.objects.filter(pk=run.pk).exclude(finished_at=None).update(finished_at=then)
    run.earlier_attempts.update(finished_at=then)
    return Run.objects.select_related("project__owner").get(pk=run.pk)


def test_a_log_goes_but_for_its_end_and_the_page_says_so(client: Client) -> None:
    old, young, paused = make_rested(OLD), make_rested(29), make_rested(OLD, RunStatus.PAUSED)
    before = [run.events.count() for run in (young, paused)]
    assert collect(pause=0).lines >= LINES
    assert [event.kind for event in old.events.all()] == ["run_ended"]
    assert [run.events.count() for run in (young, paused)] == before
    client.force_login(old.project.owner)
    for name in ("run", "run-log"):
        answer = client.get(reverse(name, args=[old.pk]))
        page = answer.getvalue().decode()
        assert "Earlier lines were removed: logs are kept for 30 days after the end of a run." in page
        assert "line 3" not in page
    client.force_login(young.project.owner)
    page = client.get(reverse("run", args=[young.pk])).content.decode()
    assert "line 3" in page
    assert "lines were removed" not in page
    # It can go on as before, and nothing is numbered twice.
    again = run_again(old, newest_of(old, StageName.CODE), Wishes.none(old), deliver=False)
    assert again.events.latest("seq").seq == old.last_seq + 1
    assert violations() == []


def test_texts_of_calls_go_and_what_they_took_stays(client: Client) -> None:
    old, young = make_rested(OLD), make_rested(29)
    done = collect(pause=0)
    assert (done.calls, done.replies) == (1, 1)
    gone = old.model_calls.get()
    assert (gone.request, gone.reply, gone.prompt_tokens, gone.completion_tokens) == ([], "", 10, 5)
    assert (old.kept_replies.count(), young.kept_replies.count(), young.model_calls.get().reply) == (0, 1, "Here")
    client.force_login(old.project.owner)
    page = client.get(reverse("run-calls", args=[old.pk])).content.decode()
    assert "Request and reply were removed: they are kept for 30 days" in page
    assert violations() == []


def test_tries_and_sessions_that_are_over_go(client: Client) -> None:
    run = make_rested(1)
    known = {"user": run.project.owner, "run": run, "checkpoint": run.checkpoints.get()}
    for number, status in enumerate((PreviewStatus.ENDED, PreviewStatus.ENDED, PreviewStatus.RUNNING)):
        row = TryOut.objects.create(**known, status=status, upload=b"1", arguments=str(number))
        TryOut.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=OLD * (number != 1)))
    client.force_login(run.project.owner)
    over = client.session.session_key
    Client().force_login(run.project.owner)
    Session.objects.filter(pk=over).update(expire_date=timezone.now())
    done = collect(pause=0)
    assert (done.tries, done.sessions, Session.objects.count()) == (1, 1, 1)
    assert {row.arguments for row in TryOut.objects.all()} == {"1", "2"}


def test_files_of_earlier_attempts_go_unless_somebody_needs_them(client: Client) -> None:
    run = make_run_at_rest(*StageName)
    files = {stage: newest_of(run, stage) for stage in StageName}
    edited, chosen, based = files[StageName.CODE], files[StageName.EXECUTION], files[StageName.TESTS]
    run = run_again(run, files[StageName.STRUCTURE], Wishes.none(run), deliver=False)
    editing.save_file(edited, "new.py", "x = 1\n", "")
    make_current(chosen)
    start_run(
        run.project.owner, RunOrder(prompt="x", project=run.project, extra={"base": str(based.pk)}), deliver=False
    )
    aged(run, OLD)
    assert collect(pause=0).checkpoints == len(StageName) - 2 - 3
    kept = {row.stage for row in run.checkpoints.filter(emptied_at=None) if row.artifacts.exists()}
    assert kept == {"requirements", "structure", "code", "tests", "execution"}
    gone = newest_of(run, StageName.EXTRAS)
    assert (gone.artifacts.count(), gone.state, gone.seconds) == (0, None, 0.5)
    client.force_login(run.project.owner)
    page = client.get(reverse("checkpoint", args=[gone.pk])).content.decode()
    assert "those of earlier attempts are kept for 30 days" in page
    assert "Damaged" not in page
    journal = claim(run)
    assert journal.last_state()[0].done == (StageName.REQUIREMENTS, StageName.STRUCTURE)
    end(journal, RunStatus.FAILED, "")
    with pytest.raises(LaunchError, match="removed because of their age"):
        start_at(Run.objects.get(pk=run.pk), gone)
    assert violations() == []


def test_the_evidence_of_an_earlier_attempt_stays() -> None:
    run = make_run_at_rest(*StageName)
    run = run_again(run, newest_of(run, StageName.CODE), Wishes.none(run), deliver=False)
    collected = collect(pause=0), aged(run, OLD), collect(pause=0)
    judged = newest_of(run, StageName.EXECUTION)
    assert (collected[0].checkpoints, collected[2].checkpoints) == (0, 5)
    assert judged.artifacts.count() == 0
    assert judged.state["verdict"]["reason"] == "So it was."


def test_nothing_goes_where_all_is_kept_for_ever(settings: Settings) -> None:
    settings.KEEP_LOGS_DAYS = settings.KEEP_CALLS_DAYS = settings.KEEP_ATTEMPTS_DAYS = 0
    run = make_rested(10_000)
    run = aged(run_again(run, None, Wishes.none(run), deliver=False), 10_000)
    assert collect(pause=0).is_empty


def test_a_content_that_nobody_holds_goes_after_its_grace() -> None:
    make_rested(1)
    held = set(Blob.objects.values_list("pk", flat=True))
    for content in (b"old", b"new"):
        Blob.for_content(content).save()
    hour = timezone.now() - garbage.GRACE
    Blob.objects.exclude(pk=Blob.for_content(b"new").pk).update(created_at=hour)
    done = collect(pause=0)
    assert (done.contents, done.bytes) == (1, len(Blob.for_content(b"old").packed))
    assert set(Blob.objects.values_list("pk", flat=True)) == held | {Blob.for_content(b"new").pk}


def test_little_is_done_at_a_time_and_the_rest_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "BATCH", 5)
    run, ended = make_rested(OLD), threading.Event()
    before = run.events.count()
    ended.set()
    assert collect(ended=ended).lines == 5
    # What is left begins later, and has no gap.
    assert run.events.count() == before - 5
    assert violations() == []
    assert collect(pause=0).lines == before - 5 - 1


def test_a_dry_run_says_the_same_and_removes_nothing() -> None:
    make_rested(OLD)
    run = make_run_at_rest(*StageName)
    aged(run_again(run, newest_of(run, StageName.CODE), Wishes.none(run), deliver=False), OLD)
    Blob.for_content(b"nobody's").save()
    Blob.objects.update(created_at=timezone.now() - garbage.GRACE)
    told, did, then = StringIO(), StringIO(), StringIO()
    before = _rows()
    call_command("collect_garbage", "--dry-run", stdout=told)
    assert _rows() == before
    call_command("collect_garbage", stdout=did)
    call_command("collect_garbage", stdout=then)
    assert told.getvalue().startswith(f"Would remove {LINES + 1} lines of logs, the texts of 1 model calls, 1 kept")
    assert "0 sessions, the files of 5 checkpoints, 1 contents" in told.getvalue()
    assert did.getvalue().startswith(f"Removed {LINES + 1} lines of logs, the texts of 1 model calls, 1 kept")
    assert then.getvalue() == "There is nothing to remove.\n"


def _rows() -> list[int]:
    rows = (
        RunEvent,
        Artifact,
        Blob,
        KeptReply,
        ModelCall.objects.exclude(reply=""),
        Checkpoint.objects.exclude(state=None),
    )
    return [getattr(one, "objects", one).count() for one in rows]


def test_what_killed_processes_left_in_the_data_folder_goes(tmp_path: Path) -> None:
    old = time.time() - 2 * garbage.GRACE.total_seconds()
    for name in ("tmpabc_1234", "tmpnew_5678", "models", "packages/python", "templates", "tmpabc_1234/inner"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("models/m.part", "models/m.onnx", "packages/python/tmpfile9999", "autocoder.db", "tmpabc_1234/x"):
        (tmp_path / name).write_bytes(b"1234")
    (tmp_path / "tmp_a_link_").symlink_to(tmp_path / "models")
    for path in tmp_path.rglob("*"):
        os.utime(path, (old, old), follow_symlinks=False)
    os.utime(tmp_path / "tmpnew_5678")
    assert collect(pause=0).files == 4
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {
        "tmpnew_5678",
        "models",
        "models/m.onnx",
        "packages",
        "packages/python",
        "templates",
        "autocoder.db",
    }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    started = ChromaServer(tmp_path / "chroma")
    yield started
    started.kill()


def test_vectors_without_an_entry_go(server: ChromaServer, settings: Settings) -> None:
    settings.CHROMA_URL = server.url
    owner, other, index = make_user(), make_user(), ChromaIndex(server.url)
    for who, texts in ((owner, ("kept", "gone")), (other, ("theirs",))):
        for text in texts:
            OwnerMemory(who, embedder=Letters()).learn(Note(MemoryKind.PRACTICE, text, text))
    foreign = chromadb.HttpClient(host="127.0.0.1", port=server.port).create_collection("of-another-program")
    foreign.add(ids=["x"], embeddings=[[1.0] * 8])
    ChromaIndex(server.url, "another installation").upsert("owner-99999-letters", {"y": [1.0] * 8})
    MemoryEntry.objects.filter(title="gone").delete()
    gone = other.pk
    other.delete()
    assert collect(pause=0).vectors == 2
    left = [hit.entry for hit in index.query(scope_of(owner.pk, "letters"), [1.0] * 8, 9)]
    assert left == [str(MemoryEntry.objects.get(title="kept").pk)]
    assert index.query(scope_of(gone, "letters"), [1.0] * 8, 9) == []
    assert (collect(pause=0).vectors, foreign.count()) == (0, 1)
    assert [hit.entry for hit in index.query("owner-99999-letters", [1.0] * 8, 9)] == ["y"]
