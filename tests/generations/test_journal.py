"""The journal writes in order, whole, masked, and only while it holds the run."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError

from agents.context import CallRecord, StageMeasures
from agents.errors import LeaseLost
from agents.events import BY_KIND, LogLine, RunEnded
from agents.providers.base import Message
from agents.types import Purpose, Role, SourceFile, StageName
from generations.journal import RunJournal
from generations.models import Artifact, Blob, Checkpoint, ModelCall, Run, RunEvent, RunStatus
from tests.factories import claim, make_checkpoints, make_run, make_state

SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789"
ONE_SECOND = StageMeasures(seconds=1.0)


def call(**fields: object) -> CallRecord:
    known: dict[str, object] = {
        "stage": StageName.CODE,
        "role": Role.CODER,
        "purpose": Purpose.SOURCE,
        "provider": "offline",
        "model": "blueprints",
        "outcome": "ok",
        "messages": (Message("user", "Write it"),),
        "reply": "Here",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cost_usd": 0.25,
        "seconds": 0.1,
    }
    return CallRecord(**(known | fields))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_events_of_eight_threads_are_numbered_without_gaps() -> None:
    journal = claim(make_run())

    def write(thread: int) -> None:
        for n in range(25):
            journal.record(LogLine(stage="code", text=f"{thread}:{n}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    rows = list(RunEvent.objects.filter(run=journal.run).order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, 201))
    for thread in range(8):
        own = [row.payload["text"] for row in rows if row.payload["text"].startswith(f"{thread}:")]
        assert own == [f"{thread}:{n}" for n in range(25)]
    assert Run.objects.get(pk=journal.run.pk).last_seq == 200
    gc.collect()


@pytest.mark.django_db
def test_events_can_be_read_back_as_what_they_were() -> None:
    journal = claim(make_run())
    event = LogLine(stage="tests", text="3 passed")
    journal.record(event)
    row = RunEvent.objects.get(run=journal.run)
    assert (row.kind, row.stage, row.level) == ("log_line", "tests", "info")
    assert BY_KIND[row.kind].model_validate(row.payload) == event


WRITES: dict[str, Callable[[RunJournal], None]] = {
    "record": lambda journal: journal.record(LogLine(stage="code", text="late")),
    "record_call": lambda journal: journal.record_call(call()),
    "checkpoint": lambda journal: journal.checkpoint(
        StageName.CODE, make_state(journal.run), (SourceFile("late.py", b"late = 1\n"),), ONE_SECOND
    ),
    "checkpoint_failed": lambda journal: journal.checkpoint_failed(StageName.CODE, "late", ONE_SECOND),
    "keep_partial": lambda journal: journal.keep_partial((SourceFile("late.py", b"late = 1\n"),), "late"),
    "note": lambda journal: journal.note(sandbox="late"),
    "finish": lambda journal: journal.finish(RunStatus.SUCCEEDED, [RunEnded(status="succeeded")]),
}


def footprint(run: Run) -> list[object]:
    rows = [model.objects.filter(run=run).count() for model in (RunEvent, ModelCall, Checkpoint)]
    return [*rows, Artifact.objects.count(), Blob.objects.count(), Run.objects.values().get(pk=run.pk)]


@pytest.mark.django_db
@pytest.mark.parametrize("name", WRITES)
def test_a_worker_that_lost_the_run_writes_nothing(name: str) -> None:
    journal = claim(make_run())
    Run.objects.move(journal.run.pk, RunStatus.QUEUED)
    claim(Run.objects.get(pk=journal.run.pk), worker="another")
    before = footprint(journal.run)
    with pytest.raises(LeaseLost):
        WRITES[name](journal)
    assert footprint(journal.run) == before
    assert journal.stop_requested()


@pytest.mark.django_db
@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_after_the_end(name: str) -> None:
    journal = claim(make_run())
    journal.finish(RunStatus.FAILED, [RunEnded(status="failed")])
    before = footprint(journal.run)
    with pytest.raises(LeaseLost):
        WRITES[name](journal)
    assert footprint(journal.run) == before


@pytest.mark.django_db
def test_secrets_and_unstorable_characters_are_taken_out_everywhere() -> None:
    journal = claim(make_run())
    journal.record(LogLine(stage="code", text=f"key {SECRET} \x00 \ud800"))
    journal.record_call(call(messages=(Message("user", SECRET),), reply=f"{SECRET}\x00"))
    journal.checkpoint_failed(StageName.CODE, f"refused {SECRET}", ONE_SECOND)
    stored = [
        RunEvent.objects.get(run=journal.run).payload["text"],
        ModelCall.objects.get().request[0]["text"],
        ModelCall.objects.get().reply,
        Checkpoint.objects.get().error,
    ]
    assert not any(SECRET in text or "\x00" in text for text in stored)
    assert all("***6789" in text for text in stored)


@pytest.mark.django_db
def test_long_requests_and_replies_are_cut_and_say_so() -> None:
    journal = claim(make_run())
    journal.record_call(call(messages=(Message("user", "x" * 300_000),), reply="y" * 300_000))
    row = ModelCall.objects.get()
    assert len(row.reply) < 200_100
    assert len(row.request[0]["text"]) < 200_100
    assert row.reply.endswith("100000 more characters")


@pytest.mark.django_db
def test_what_calls_took_is_added_up_and_unknown_stays_unknown() -> None:
    journal = claim(make_run())
    journal.record_call(call(prompt_tokens=None, completion_tokens=None, cost_usd=None))
    run = Run.objects.get(pk=journal.run.pk)
    assert (run.tokens, run.cost_usd) == (None, None)
    journal.record_call(call())
    journal.record_call(call())
    run.refresh_from_db()
    assert run.tokens == 30
    assert str(run.cost_usd) == "0.500000"


@pytest.mark.django_db
def test_a_checkpoint_holds_state_tree_and_measures() -> None:
    journal = claim(make_run())
    files = (SourceFile("start.sh", b"#!/bin/sh\n", 0o755), SourceFile("empty.py", b""))
    measures = StageMeasures(seconds=2.5, cpu_seconds=1.0, peak_memory_bytes=1024, tokens=7, cost_usd=0.01)
    journal.checkpoint(StageName.CODE, make_state(journal.run, StageName.CODE, confidence=0.5), files, measures)
    row = Checkpoint.objects.get()
    assert (row.number, row.stage, row.status, row.seconds, row.tokens) == (1, "code", "succeeded", 2.5, 7)
    assert row.confidence == 0.5
    assert {a.source_file() for a in row.artifacts.all()} == set(files)


@pytest.mark.django_db
def test_equal_contents_are_stored_once() -> None:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.CODE, StageName.EXTRAS, StageName.TESTS)
    assert Artifact.objects.count() == 1 + 2 + 3
    assert Blob.objects.count() == 3


@pytest.mark.django_db
def test_a_checkpoint_is_stored_whole_or_not_at_all() -> None:
    journal = claim(make_run())
    twice = (SourceFile("a.py", b"1"), SourceFile("a.py", b"2"))
    with pytest.raises(IntegrityError):
        journal.checkpoint(StageName.CODE, make_state(journal.run), twice, ONE_SECOND)
    assert (Checkpoint.objects.count(), Artifact.objects.count(), Blob.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_the_first_stage_names_an_unnamed_project_and_the_language() -> None:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.REQUIREMENTS)
    run = Run.objects.select_related("project").get(pk=journal.run.pk)
    assert (run.project.name, run.language) == ("Weather API", "python")


@pytest.mark.django_db
def test_a_name_that_the_person_gave_is_kept() -> None:
    journal = claim(make_run(settings={"name": "Mine"}))
    make_checkpoints(journal, StageName.REQUIREMENTS)
    assert Run.objects.select_related("project").get(pk=journal.run.pk).project.name == "Weather"


@pytest.mark.django_db
def test_partial_files_are_kept_once() -> None:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.CODE)
    half = (SourceFile("half.py", b"half = 1\n"),)
    journal.keep_partial(half, "Stopped")
    journal.keep_partial(half, "Stopped")
    journal.keep_partial((), "Stopped")
    assert list(Checkpoint.objects.values_list("number", "status")) == [(1, "succeeded"), (2, "partial")]


@pytest.mark.django_db(transaction=True)
def test_a_number_is_only_used_up_by_an_event_that_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = claim(make_run())

    def refuse(*_args: object) -> None:
        raise IntegrityError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(RunEvent.objects, "bulk_create", refuse)
        with pytest.raises(IntegrityError):
            journal.record(LogLine(stage="code", text="lost"))
    journal.record(LogLine(stage="code", text="kept"))
    assert list(RunEvent.objects.values_list("seq", flat=True)) == [1]
