"""A run moves only as the table of legal moves says."""

from __future__ import annotations

import pytest

from generations.models import Run, RunStatus
from generations.models.run import LEGAL_MOVES
from tests.factories import make_project, make_run

PAIRS = [(source, target) for source in RunStatus.values for target in RunStatus.values]


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_only_legal_moves_change_a_run(source: str, target: str) -> None:
    run = make_run(status=source)
    moved = Run.objects.move(run.pk, target)
    run.refresh_from_db()
    assert moved == (target in LEGAL_MOVES[source])
    assert run.status == (target if moved else source)


def test_the_table_names_every_status() -> None:
    assert set(LEGAL_MOVES) == set(RunStatus.values)


def test_a_succeeded_run_stays_succeeded() -> None:
    assert LEGAL_MOVES[RunStatus.SUCCEEDED] == ()


@pytest.mark.django_db
def test_a_move_with_an_old_fence_changes_nothing() -> None:
    run = make_run(status=RunStatus.RUNNING, fence=2)
    assert not Run.objects.move(run.pk, RunStatus.SUCCEEDED, fence=1)
    assert Run.objects.get(pk=run.pk).status == RunStatus.RUNNING


@pytest.mark.django_db
def test_a_move_can_be_narrowed_to_some_sources() -> None:
    run = make_run(status=RunStatus.RUNNING)
    assert not Run.objects.move(run.pk, RunStatus.STOPPED, sources=(RunStatus.QUEUED,))


@pytest.mark.django_db
def test_runnable_is_fair_between_owners() -> None:
    busy, idle = make_project(), make_project()
    make_run(busy, RunStatus.RUNNING)
    first_of_busy = make_run(busy)
    only_of_idle = make_run(idle)
    assert list(Run.objects.runnable(3)) == [only_of_idle, first_of_busy]


@pytest.mark.django_db
def test_runnable_leaves_out_owners_at_their_limit() -> None:
    project = make_project()
    make_run(project, RunStatus.RUNNING)
    make_run(project)
    assert list(Run.objects.runnable(1)) == []
    assert Run.objects.runnable(2).count() == 1
