"""Checkpoints: one after each stage with state, files and cost; a run goes on from the last whole one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from agents.state import load_state
from agents.types import StageName
from generations import artifacts
from generations.launch import RunOrder, resume_run, start_run
from generations.models import Artifact, Blob, Run, RunStatus
from generations.tasks import execute_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]
SENTENCE = "A CLI that converts JSON to CSV and back"


@pytest.fixture
def run(user: User) -> Run:
    """A run that went to its end in a real sandbox."""
    made = start_run(user, RunOrder(prompt=SENTENCE), deliver=False)
    assert execute_run(str(made.pk))
    made.refresh_from_db()
    assert made.status == RunStatus.SUCCEEDED, made.reason
    return made


def test_every_stage_leaves_a_whole_checkpoint(run: Run) -> None:
    rows = list(run.checkpoints.order_by("number"))
    assert [row.stage for row in rows] == list(StageName)
    for row, stage in zip(rows, StageName, strict=True):
        assert row.status == "succeeded"
        assert load_state(row.state).done[-1] == stage
        assert row.seconds >= 0
        assert row.cpu_seconds is not None
    assert rows[-1].peak_memory_bytes is not None
    assert rows[-1].metrics


def test_files_only_come_and_contents_are_stored_once(run: Run) -> None:
    trees = [
        {row.path: row.blob_id for row in artifacts.tree_of(checkpoint)}
        for checkpoint in run.checkpoints.order_by("number")
    ]
    assert trees[0] == {}
    assert all(set(before) <= set(after) for before, after in pairwise(trees))
    rows = Artifact.objects.filter(checkpoint__run=run)
    assert Blob.objects.filter(artifacts__in=rows).distinct().count() < rows.count() / 2
    plan = load_state(run.checkpoints.get(stage="execution").state).needed_plan()
    assert {file.path for file in plan.files} <= set(trees[-1])


def test_a_failed_stage_is_kept_and_the_run_goes_on_from_before_it(user: User, settings: Settings) -> None:
    settings.SANDBOX = "nowhere"
    made = start_run(user, RunOrder(prompt=SENTENCE), deliver=False)
    execute_run(str(made.pk))
    made.refresh_from_db()
    assert made.status == RunStatus.FAILED
    assert "SANDBOX is 'nowhere'" in made.reason
    settings.SANDBOX = "auto"
    resume_run(made)
    assert execute_run(str(made.pk))
    made.refresh_from_db()
    assert made.status == RunStatus.SUCCEEDED
    assert made.checkpoints.filter(status="succeeded").count() == 8


def test_a_damaged_checkpoint_is_passed_over(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(status=RunStatus.FAILED, verdict=None)
    run.checkpoints.filter(stage__in=("execution", "formatting")).delete()
    damaged = run.checkpoints.get(stage="validation")
    damaged.state["done"] = []
    damaged.save()
    run.refresh_from_db()
    resume_run(run)
    assert execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED
    assert run.events.filter(payload__text__icontains="damaged").exists()
