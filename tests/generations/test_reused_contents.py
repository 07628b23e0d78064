"""A content that is used again in the very moment in which it is removed is not lost."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from agents.context import StageMeasures
from agents.types import SourceFile, StageName
from generations import garbage
from generations.deleting import delete_checkpoints, delete_run
from generations.invariants import violations
from generations.models import Blob, Checkpoint, Run
from tests.factories import claim, make_run, make_state

WRITERS, ROUNDS, CONTENTS = 4, 25, 12


def write(number: int) -> None:
    """A run whose checkpoints come and go; all runs use a few contents, which so are held by nobody again and again."""
    source, journal = random.Random(number), claim(make_run(settings={}))
    state = make_state(journal.run)
    try:
        for _ in range(ROUNDS):
            chosen = source.sample(range(CONTENTS), 3)
            files = tuple(SourceFile(f"{n}.py", f"the same {n}\n".encode()) for n in chosen)
            journal.checkpoint(StageName.CODE, state, files, StageMeasures(seconds=1))
            newest = journal.run.checkpoints.latest("number")
            assert sorted(row.blob.content() for row in newest.artifacts.all()) == sorted(f.content for f in files)
            if source.random() < 0.5:
                Checkpoint.objects.filter(pk=newest.pk).delete()  # as a process that died before it swept
            else:
                delete_checkpoints(Checkpoint.objects.filter(pk=newest.pk))
        journal.checkpoint(StageName.CODE, state, files, StageMeasures(seconds=1))
        if number % 2:
            delete_run(journal.run)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_collecting_at_full_speed_loses_nothing_that_runs_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "GRACE", timedelta(0))
    ended, removed = threading.Event(), list[int]()

    def collect() -> None:
        try:
            while not ended.is_set():
                removed.append(garbage.collect(pause=0, ended=ended).contents)
        finally:
            connection.close()

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            for written in [pool.submit(write, number) for number in range(WRITERS)]:
                written.result()
    finally:
        ended.set()
        collector.join()
    assert sum(removed) > 0
    assert Run.objects.count() == WRITERS // 2
    assert Blob.objects.exclude(artifacts=None).exists()
    garbage.collect(pause=0)
    assert violations() == []
