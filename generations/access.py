"""The only way from a user and an id to an object: what is not theirs does not exist (404)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from generations.models import Checkpoint, MemoryEntry, ModelCall, Project, Run

User = AbstractBaseUser | AnonymousUser


def get_project(user: User, project_id: uuid.UUID | str) -> Project:
    """One project of this user; raises Http404."""
    return get_object_or_404(Project.objects.for_user(user), pk=project_id)


def get_run(user: User, run_id: uuid.UUID | str) -> Run:
    """One run of this user with its project; raises Http404."""
    return get_object_or_404(Run.objects.for_user(user).select_related("project"), pk=run_id)


def get_runs(user: User, run_ids: Sequence[uuid.UUID | str]) -> list[Run]:
    """Several runs of this user in the order of the ids; raises Http404 if one of them is not theirs."""
    return [get_run(user, run_id) for run_id in run_ids]


def get_checkpoint(user: User, checkpoint_id: uuid.UUID | str) -> Checkpoint:
    """One checkpoint of this user's runs; raises Http404."""
    rows = Checkpoint.objects.filter(run__project__owner_id=user.pk).select_related("run__project")
    return get_object_or_404(rows, pk=checkpoint_id)


def get_model_call(user: User, call_id: uuid.UUID | str) -> ModelCall:
    """One entry of the ledger of this user's runs; raises Http404."""
    return get_object_or_404(ModelCall.objects.filter(run__project__owner_id=user.pk), pk=call_id)


def memory_of(user: User) -> QuerySet[MemoryEntry]:
    """What was learned from this user's runs."""
    return MemoryEntry.objects.for_user(user)


def can_see_run(user: User, run_id: uuid.UUID | str) -> bool:
    """Whether an active user may see a run now; asked again and again by open sockets."""
    rows = Run.objects.for_user(user).filter(pk=run_id, project__owner__is_active=True)
    return bool(user.is_authenticated) and rows.exists()
