"""A run begins again from any of its checkpoints: as a new attempt, or as a fork with what was changed."""

from __future__ import annotations

import uuid
import zlib
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.context import StageMeasures
from agents.errors import AgentError
from agents.types import StageName
from generations import launch
from generations.again import Wishes, checkpoint_before, makes_fork, run_again, start_at
from generations.attempts import present
from generations.errors import LaunchError
from generations.models import Attempt, Blob, Checkpoint, Origin, Run, RunStatus
from tests.factories import claim, make_run_at_rest, newest_of

pytestmark = pytest.mark.django_db
THREE = (StageName.REQUIREMENTS, StageName.STRUCTURE, StageName.CODE)
ALL = tuple(StageName)


def wishes(run: Run, **changes: object) -> Wishes:
    return replace(Wishes.none(run), **changes)


def test_unchanged_it_is_a_new_attempt_and_the_earlier_one_stays_readable() -> None:
    run = make_run_at_rest(*THREE, settings={"max_tokens": 99})
    events, calls = run.last_seq, run.checkpoints.count()
    again_run = run_again(run, newest_of(run, StageName.STRUCTURE), wishes(run))
    assert (again_run.pk, again_run.status, again_run.reason, again_run.quality) == (run.pk, RunStatus.QUEUED, "", None)
    state, files = claim(again_run).last_state()
    assert state.done == (StageName.REQUIREMENTS, StageName.STRUCTURE)
    assert [file.path for file in files] == ["requirements.py", "structure.py"]
    earlier = Attempt.objects.get()
    assert (earlier.number, earlier.status, earlier.reason, earlier.quality) == (1, "failed", "Why it ended.", 0.5)
    assert (earlier.first_seq, earlier.last_seq, earlier.last_checkpoint) == (1, events, calls)
    assert present(again_run).number == 2
    assert [row.outcome for row in run.checkpoints.all()] == ["succeeded"] * 3
    assert newest_of(run, StageName.CODE).status == "superseded"


def test_a_third_attempt_may_go_on_from_the_first() -> None:
    run = make_run_at_rest(*THREE)
    first_code = newest_of(run, StageName.CODE)
    run = run_again(run, newest_of(run, StageName.REQUIREMENTS), wishes(run))
    journal = claim(run)
    state, _ = journal.last_state()
    journal.checkpoint(StageName.STRUCTURE, state.with_done(StageName.STRUCTURE), (), StageMeasures(seconds=1))
    journal.finish(RunStatus.FAILED, [])
    run = run_again(Run.objects.get(pk=run.pk), first_code, wishes(run))
    state, files = claim(run).last_state()
    assert (state.done, len(files)) == (THREE, 3)
    assert present(run).number == 3


def test_a_change_makes_a_fork_that_begins_from_state_and_tree() -> None:
    run = make_run_at_rest(*THREE, settings={"max_tokens": 99, "asks": True, "answered": True})
    fork = run_again(run, newest_of(run, StageName.CODE), wishes(run, budget_usd=Decimal("0.5")))
    assert (fork.parent, fork.project, fork.number, fork.origin) == (run, run.project, 2, Origin.FORK)
    assert (fork.settings["budget_usd"], fork.settings["max_tokens"], fork.settings["asks"]) == ("0.5", 99, True)
    state, files = claim(fork).last_state()
    assert state.done == THREE
    assert [file.path for file in files] == ["code.py", "requirements.py", "structure.py"]
    run.refresh_from_db()
    assert (run.status, run.checkpoints.filter(status="superseded").count()) == (RunStatus.FAILED, 0)
    # It needs its parent no more.
    run.delete()
    fork.refresh_from_db()
    assert fork.parent is None
    Run.objects.filter(pk=fork.pk).update(status=RunStatus.STOPPED)
    fork.refresh_from_db()
    assert start_at(fork, fork.checkpoints.get()).again == ALL[3:]


def test_a_run_that_succeeded_is_never_touched() -> None:
    run = make_run_at_rest(*ALL, status=RunStatus.SUCCEEDED)
    fork = run_again(run, newest_of(run, StageName.CODE), wishes(run))
    run.refresh_from_db()
    assert (fork.pk != run.pk, run.status, run.reason) == (True, RunStatus.SUCCEEDED, "Why it ended.")


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.SUCCEEDED])
def test_the_same_form_sent_twice_begins_one_run(status: str) -> None:
    run = make_run_at_rest(*ALL, status=status)
    wish = wishes(run, submission=uuid.uuid4())
    first, second = (run_again(run, newest_of(run, StageName.CODE), wish) for _ in range(2))
    assert first == second
    assert (first == run) == (status == RunStatus.FAILED)
    assert Run.objects.count() + Attempt.objects.count() == 2


def test_the_last_checkpoint_is_proved_again_with_its_best_files() -> None:
    run = make_run_at_rest(*ALL)
    start = start_at(run, newest_of(run, StageName.EXECUTION))
    assert (start.after, start.again) == ("formatting", (StageName.EXECUTION,))
    again_run = run_again(run, newest_of(run, StageName.EXECUTION), wishes(run))
    state, files = claim(again_run).last_state()
    assert (again_run.pk, state.verdict, state.done) == (run.pk, None, ALL[:-1])
    assert [file.path for file in files] == ["main.py"]
    good = [row.stage for row in run.checkpoints.all() if row.status == "succeeded"]
    assert sorted(good) == sorted(ALL[:-1])


def test_a_plan_that_is_made_again_is_to_be_approved_again() -> None:
    run = make_run_at_rest(*THREE, settings={"approves": True, "approved": True})
    assert run_again(run, newest_of(run, StageName.STRUCTURE), wishes(run)).settings["approved"]
    run = make_run_at_rest(*THREE, settings={"approves": True, "approved": True})
    assert not run_again(run, newest_of(run, StageName.REQUIREMENTS), wishes(run)).settings["approved"]


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING])
def test_a_run_that_goes_on_is_not_begun_again(status: str) -> None:
    run = make_run_at_rest(*THREE)
    Run.objects.filter(pk=run.pk).update(status=status)
    with pytest.raises(LaunchError, match="Pause or stop it first"):
        run_again(run, newest_of(run, StageName.CODE), wishes(run, max_tokens=5))


def test_a_paused_run_may_begin_again_from_an_earlier_stage() -> None:
    run = make_run_at_rest(*THREE, status=RunStatus.PAUSED)
    run = run_again(run, newest_of(run, StageName.REQUIREMENTS), wishes(run))
    assert claim(run).last_state()[0].done == (StageName.REQUIREMENTS,)


def test_a_damaged_checkpoint_is_refused_with_a_sentence() -> None:
    run = make_run_at_rest(*THREE)
    checkpoint = newest_of(run, StageName.CODE)
    blob = checkpoint.artifacts.get(path="code.py").blob_id
    Blob.objects.filter(pk=blob).update(packed=zlib.compress(b"something else"))
    with pytest.raises(LaunchError, match="'code' is damaged"):
        run_again(run, checkpoint, wishes(run, max_tokens=5))
    assert Run.objects.count() == 1


def test_a_checkpoint_of_another_run_or_a_failed_one_is_refused() -> None:
    run, other = make_run_at_rest(*THREE), make_run_at_rest(*THREE)
    with pytest.raises(LaunchError):
        run_again(run, newest_of(other, StageName.CODE), wishes(run, max_tokens=5))
    journal = claim(launch.resume_run(run))
    journal.checkpoint_failed(StageName.EXTRAS, "no", StageMeasures(seconds=1))
    journal.finish(RunStatus.FAILED, [])
    with pytest.raises(LaunchError, match="ended well"):
        run_again(Run.objects.get(pk=run.pk), newest_of(run, StageName.EXTRAS), wishes(run))


def test_a_fork_whose_beginning_is_damaged_fails_instead_of_paying_for_everything() -> None:
    run = make_run_at_rest(*THREE)
    fork = run_again(run, newest_of(run, StageName.CODE), wishes(run, max_tokens=5))
    Checkpoint.objects.filter(run=fork).update(state_sha256="0" * 64)
    with pytest.raises(AgentError, match="fork the earlier run again"):
        claim(fork).last_state()


def test_a_stage_by_name_is_found_in_the_newest_whole_checkpoint_before_it() -> None:
    run = make_run_at_rest(*THREE)
    assert checkpoint_before(run, "code") == newest_of(run, StageName.STRUCTURE)
    assert checkpoint_before(run, "requirements") is None
    with pytest.raises(LaunchError, match="before the stage 'tests'"):
        checkpoint_before(run, "tests")
    Checkpoint.objects.filter(pk=newest_of(run, StageName.STRUCTURE).pk).update(state_sha256="0")
    with pytest.raises(LaunchError, match="before the stage 'code'"):
        checkpoint_before(run, "code")


def test_from_the_very_start_nothing_is_reused() -> None:
    run = make_run_at_rest(*THREE)
    start = start_at(run, None)
    assert (start.again, start.reused, makes_fork(run, start, wishes(run))) == (ALL, (), False)
    state, files = claim(run_again(run, None, wishes(run))).last_state()
    assert (state.done, files) == ((), ())


def test_each_reused_stage_tells_its_age() -> None:
    run = make_run_at_rest(*THREE)
    Checkpoint.objects.filter(run=run, stage="structure").update(created_at="2026-01-01T00:00Z")
    reused = start_at(run, newest_of(run, StageName.CODE)).reused
    assert [one.stage for one in reused] == list(THREE)
    assert str(reused[1].at)[:10] == "2026-01-01"


def test_resuming_an_ended_run_counts_an_attempt_and_a_pause_does_not() -> None:
    paused = launch.resume_run(make_run_at_rest(*THREE, status=RunStatus.PAUSED))
    assert present(paused).number == 1
    stopped = launch.resume_run(make_run_at_rest(*THREE, status=RunStatus.STOPPED))
    assert (present(stopped).number, present(stopped).after) == (2, "code")
    assert Attempt.objects.get().status == "stopped"


def test_the_figures_of_an_attempt_are_its_own() -> None:
    run = make_run_at_rest(*THREE)
    Run.objects.filter(pk=run.pk).update(tokens=100, cost_usd=Decimal("0.5"))
    run = launch.resume_run(Run.objects.get(pk=run.pk))
    Run.objects.filter(pk=run.pk).update(tokens=130, cost_usd=Decimal("0.6"), status="failed", started_at=run.queued_at)
    launch.resume_run(Run.objects.get(pk=run.pk))
    assert list(Attempt.objects.order_by("number").values_list("tokens", "cost_usd")) == [
        (100, Decimal("0.5")),
        (30, Decimal("0.1")),
    ]
