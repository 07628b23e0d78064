"""The command that looks for what must never happen finds each kind of it, and nothing in a sound database."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from agents.errors import SandboxUnavailable
from agents.events import LogLine
from agents.types import StageName
from generations.endings import end
from generations.invariants import violations
from generations.launch import RunOrder, start_run
from generations.models import (
    Blob,
    Checkpoint,
    CheckpointStatus,
    KeptReply,
    MemoryEntry,
    ModelCall,
    Project,
    Run,
    RunEvent,
    RunStatus,
)
from generations.wiring import site_sandbox
from tests.factories import claim, make_checkpoints, make_run, make_user
from tests.generations.test_journal import call

pytestmark = pytest.mark.django_db


def lose_an_event(run: Run) -> None:
    RunEvent.objects.filter(run=run, seq=2).delete()


def lose_the_last_event(run: Run) -> None:
    RunEvent.objects.filter(run=run, seq=run.last_seq).delete()


def keep_a_lease(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_owner="somebody")


def run_without_a_lease(run: Run) -> None:
    make_run(run.project, RunStatus.RUNNING)


def end_without_a_time(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(finished_at=None)


def go_on_after_the_end(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(status=RunStatus.PAUSED)


def end_otherwise(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(status=RunStatus.FAILED)


def wait_for_ever(run: Run) -> None:
    make_run(run.project, RunStatus.WAITING)


def leave_a_call_in_flight(run: Run) -> None:
    ModelCall.objects.filter(run=run).update(outcome="in flight")


def count_tokens_twice(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(tokens=run.tokens * 2)


def count_money_twice(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(cost_usd=5)


def keep_an_answer_for_nobody(run: Run) -> None:
    KeptReply.objects.create(run=run, call=run.model_calls.first(), stage="code", step="1", sealed=b"x")


def finish_a_stage_twice(run: Run) -> None:
    Checkpoint.objects.filter(run=run, stage=StageName.EXTRAS).update(stage=StageName.CODE)


def lose_a_checkpoint(run: Run) -> None:
    Checkpoint.objects.filter(run=run, number=1).delete()


def remove_files_that_are_needed(run: Run) -> None:
    Checkpoint.objects.filter(run=run, number=1).update(emptied_at=timezone.now())


def remove_the_current_version(run: Run) -> None:
    newest = run.checkpoints.get(number=2)
    Checkpoint.objects.filter(pk=newest.pk).update(emptied_at=timezone.now(), status=CheckpointStatus.SUPERSEDED)
    Project.objects.filter(pk=run.project_id).update(current=newest)


def damage_a_state(run: Run) -> None:
    Checkpoint.objects.filter(run=run, number=1).update(state_sha256="0" * 64)


def damage_a_blob(run: Run) -> None:
    Blob.objects.update(packed=b"\0\0\0")


def leave_a_blob(run: Run) -> None:
    Blob.for_content(b"nobody's").save()


def descend_from_another_user(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(parent=make_run())


def remember_for_another_user(run: Run) -> None:
    MemoryEntry.objects.create(owner=make_user(), run=run, kind="application", title="t", text="t", fingerprint="f")


DAMAGES = [
    lose_an_event, lose_the_last_event, keep_a_lease, run_without_a_lease, end_without_a_time, go_on_after_the_end,
    end_otherwise, wait_for_ever, leave_a_call_in_flight, count_tokens_twice, count_money_twice,
    keep_an_answer_for_nobody, finish_a_stage_twice, lose_a_checkpoint, remove_files_that_are_needed,
    remove_the_current_version, damage_a_state, damage_a_blob, leave_a_blob,
    descend_from_another_user, remember_for_another_user,
]  # fmt: skip


@pytest.fixture
def run() -> Run:
    """A stored run as the journal leaves it."""
    made = start_run(make_user(), RunOrder(prompt="Make something"), deliver=False)
    journal = claim(made)
    journal.record(LogLine(stage="code", text="first"))
    journal.record_call(call())
    make_checkpoints(journal, StageName.CODE, StageName.EXTRAS)
    end(journal, RunStatus.UNVERIFIED, "No test ran.")
    return Run.objects.get(pk=made.pk)


def test_a_sound_database_has_no_violation(run: Run) -> None:
    out = StringIO()
    call_command("check_invariants", stdout=out)
    assert "invariants hold" in out.getvalue()


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_and_named(damage: Callable[[Run], None], run: Run) -> None:
    damage(run)
    out = StringIO()
    with pytest.raises(CommandError, match="violation"):
        call_command("check_invariants", stdout=out)
    assert out.getvalue().strip()


@pytest.mark.sandbox
def test_a_sandbox_without_a_run_is_found(run: Run) -> None:
    sandbox = site_sandbox()
    with sandbox.open(run=str(run.pk), fence=1, image="python"):
        assert violations() == [f"A sandbox of run {run.pk} (claim 1) is left over."]
    assert violations() == []


def test_without_an_engine_the_rest_is_checked(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> None:
        raise SandboxUnavailable("No Docker engine answers.")

    monkeypatch.setattr("generations.invariants.site_sandbox", unavailable)
    assert violations() == []
    keep_a_lease(run)
    assert len(violations()) == 1


def test_what_is_only_under_way_is_no_violation(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look at once does not find again what the running site has just changed."""
    looks = iter([["a gap"], []])
    monkeypatch.setattr("generations.invariants.CHECKS", (lambda: next(looks),))
    assert violations() == []
