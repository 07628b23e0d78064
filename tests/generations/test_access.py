"""What belongs to somebody else does not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404

from agents.types import StageName
from generations import access
from generations.journal import RunJournal
from generations.models import MemoryEntry, ModelCall, Run
from tests.factories import claim, make_checkpoints, make_run, make_user

GETTERS: dict[str, Callable[[access.User, RunJournal], object]] = {
    "project": lambda user, journal: access.get_project(user, journal.run.project_id),
    "run": lambda user, journal: access.get_run(user, journal.run.pk),
    "runs": lambda user, journal: access.get_runs(user, [journal.run.pk])[0],
    "checkpoint": lambda user, journal: access.get_checkpoint(user, journal.run.checkpoints.get().pk),
    "model call": lambda user, journal: access.get_model_call(user, journal.run.model_calls.get().pk),
}


@pytest.fixture
def journal(db: None) -> RunJournal:
    journal = claim(make_run())
    make_checkpoints(journal, StageName.CODE)
    ModelCall.objects.create(run=journal.run, seconds=1, request=[])
    return journal


@pytest.mark.parametrize("name", GETTERS)
def test_the_owner_gets_the_object(name: str, journal: RunJournal) -> None:
    assert GETTERS[name](journal.run.project.owner, journal)


@pytest.mark.parametrize("name", GETTERS)
def test_nobody_else_does_not_even_staff(name: str, journal: RunJournal) -> None:
    for other in (make_user(), make_user(is_staff=True, is_superuser=True), AnonymousUser()):
        with pytest.raises(Http404):
            GETTERS[name](other, journal)


def test_one_foreign_run_among_own_ones_is_not_found(journal: RunJournal) -> None:
    owner = journal.run.project.owner
    with pytest.raises(Http404):
        access.get_runs(owner, [journal.run.pk, make_run().pk])
    with pytest.raises(Http404):
        access.get_run(owner, uuid.uuid4())


def test_memory_is_that_of_the_owner_alone(user: User) -> None:
    mine = MemoryEntry.objects.create(owner=user, kind="practice", title="a", text="a", fingerprint="1")
    MemoryEntry.objects.create(owner=make_user(), kind="practice", title="b", text="b", fingerprint="2")
    assert list(access.memory_of(user)) == [mine]
    assert list(access.memory_of(AnonymousUser())) == []


def test_an_open_socket_loses_sight_when_its_owner_is_locked_out(journal: RunJournal) -> None:
    owner = journal.run.project.owner
    assert access.can_see_run(owner, journal.run.pk)
    assert not access.can_see_run(make_user(), journal.run.pk)
    assert not access.can_see_run(AnonymousUser(), journal.run.pk)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert not access.can_see_run(owner, journal.run.pk)
    assert Run.objects.count() == 1
