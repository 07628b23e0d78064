"""The only way from a user and an id to an object: what is not theirs does not exist (404)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from generations.models import Checkpoint, MemoryEntry, ModelCall, OwnEndpoint, Project, ProviderKey, Run
from generations.providers import ENDPOINTS

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


def manages_site(user: User) -> bool:
    """Whether somebody may see and change the keys and endpoints of the site."""
    return bool(user.is_active and user.has_perm("generations.change_providerkey"))


def runs_site(user: User) -> bool:
    """Whether somebody may see how the site itself is doing."""
    return bool(user.is_active and user.is_staff)


def owner_in(user: User, scope: str) -> AbstractBaseUser | None:
    """Whose keys and endpoints a page is about: 'mine' the user's, 'site' nobody's own; raises Http404."""
    if scope == "site":
        if not manages_site(user):
            raise Http404("These are the administrators'.")
        return None
    if scope != "mine":
        raise Http404("There is no such page.")
    return get_object_or_404(get_user_model(), pk=user.pk)


def known_provider(name: str) -> str:
    """A provider that keys are kept for; raises Http404."""
    if name not in ENDPOINTS:
        raise Http404("There is no such provider.")
    return name


def key_rows(user: User, scope: str) -> QuerySet[ProviderKey]:
    """The keys that a page is about; raises Http404."""
    return ProviderKey.objects.filter(owner=owner_in(user, scope))


def may_add_endpoints(user: User, scope: str) -> None:
    """Raise Http404 where the site keeps endpoints to its administrators."""
    if owner_in(user, scope) is not None and not settings.USER_ENDPOINTS:
        raise Http404("Endpoints of users are not allowed here.")


def get_endpoint(user: User, scope: str, endpoint_id: uuid.UUID | str) -> OwnEndpoint:
    """One endpoint that somebody entered and that this user may change; raises Http404."""
    rows = OwnEndpoint.objects.filter(owner=owner_in(user, scope), seen_at=None)
    return get_object_or_404(rows, pk=endpoint_id)
