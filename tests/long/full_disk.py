"""Runs on a disk of a few megabytes that is full in the middle. ``test_outages`` starts this where such a disk is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from generations.invariants import violations
from generations.models import Checkpoint, Run, RunEvent, RunStatus
from generations.room import DISK_FULL
from tests.bench import MODEL, Bench, ended, no_sandbox_is_left, wait_for
from tests.factories import make_user


@pytest.fixture
def bench(process_environment: dict[str, str], settings: Settings) -> Iterator[Bench]:
    settings.SCRIPTED_PROVIDER = MODEL
    with (
        tempfile.TemporaryDirectory() as elsewhere,
        Bench(process_environment, Path(elsewhere), lease=60).started() as started,
    ):
        yield started


@pytest.mark.sandbox
def test_a_full_disk_lets_runs_wait_and_damages_nothing(bench: Bench) -> None:
    owner, ballast = make_user(), Path(os.environ["AUTOCODER_VAR_DIR"]) / "ballast"
    bench.control.order("answer_saved", "fill", 2)
    run = bench.order(owner)
    wait_for(run, lambda run: f"Run {run.pk} failed unexpectedly" in (bench.folder / "cluster.log").read_text())
    done = list(Checkpoint.objects.filter(run=run).values_list("pk", "tree"))
    assert done
    assert Client().get(reverse("login")).status_code == 200
    ballast.unlink()
    wait_for(run, lambda run: run.status == RunStatus.WAITING)
    assert run.reason == DISK_FULL
    Run.objects.filter(pk=run.pk).update(not_before="2001-01-01T00:00Z")
    wait_for(run, ended)
    wait_for(run, no_sandbox_is_left)
    assert run.status == RunStatus.SUCCEEDED, run.reason
    assert violations() == []
    asked = bench.calls_of(run)
    assert len(asked) == len(set(asked))
    assert set(done) < set(Checkpoint.objects.filter(run=run).values_list("pk", "tree"))
    assert run.attempts == 1
    told = RunEvent.objects.filter(run=run, kind="run_ended").order_by("seq").values_list("payload", flat=True)
    assert [event["status"] for event in told] == ["waiting", "succeeded"]
