"""Deletes runs, projects and people with everything that they left. Nothing that others need is touched."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet

from generations.errors import LaunchError
from generations.memory_store import forget_vectors
from generations.models import Artifact, Blob, Checkpoint, DraftFile, MemoryEntry, Project, Run, RunImage

Vectors = dict[tuple[int, str], Sequence[str]]


def delete_run(run: Run) -> None:
    """Delete one run, also while it goes on: its worker loses it at once and ends its sandbox."""
    _delete(Run.objects.filter(pk=run.pk), lambda: Run.objects.filter(pk=run.pk).delete())


def delete_project(project: Project) -> None:
    """Delete a project with its runs."""
    _delete(Run.objects.filter(project=project), lambda: Project.objects.filter(pk=project.pk).delete())


def delete_user(user: AbstractBaseUser) -> None:
    """Delete a person with all projects, keys and memory. Raises LaunchError for the last administrator."""
    people = get_user_model().objects
    others = people.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if people.filter(pk=user.pk, is_superuser=True, is_active=True).exists() and not others.exists():
        raise LaunchError("This is the last administrator; make somebody else one first.")
    entries = MemoryEntry.objects.filter(owner_id=user.pk)
    _delete(Run.objects.filter(project__owner_id=user.pk), lambda: people.filter(pk=user.pk).delete(), entries)


def delete_checkpoints(rows: QuerySet[Checkpoint]) -> None:
    """Delete some checkpoints with the contents that only they hold."""
    with transaction.atomic():
        pks = list(rows.values_list("pk", flat=True))
        blobs = _blobs(Checkpoint.objects.filter(pk__in=pks))
        Checkpoint.objects.filter(pk__in=pks).delete()
        Blob.objects.sweep(blobs)


def delete_entries(entries: QuerySet[MemoryEntry]) -> None:
    """Delete memories with their vectors."""
    entries = MemoryEntry.objects.filter(pk__in=list(entries.values_list("pk", flat=True)))
    vectors = _by_scope(entries)
    entries.delete()
    _forget(vectors)


def _forget(vectors: Vectors) -> None:
    for (owner, embedder), ids in vectors.items():
        forget_vectors(owner, embedder, ids)


def _delete(runs: QuerySet[Run], delete: Callable[[], object], entries: QuerySet[MemoryEntry] | None = None) -> None:
    with transaction.atomic():
        # From here on no worker can write any more, nor be in the middle of it: what is collected is all there is.
        runs.update(fence=F("fence") + 1)
        pks = list(runs.values_list("pk", flat=True))
        blobs = _blobs(Checkpoint.objects.filter(run__in=pks))
        blobs |= set(RunImage.objects.filter(run__in=pks).values_list("blob_id", flat=True))
        learned = MemoryEntry.objects.filter(run__in=pks) if entries is None else entries
        vectors = _by_scope(learned)
        learned.delete()
        delete()
        Blob.objects.sweep(blobs)
    _forget(vectors)


def _blobs(checkpoints: QuerySet[Checkpoint]) -> set[str]:
    files = Artifact.objects.filter(checkpoint__in=checkpoints).order_by().values_list("blob_id", flat=True)
    drafts = DraftFile.objects.filter(draft__checkpoint__in=checkpoints).order_by().values_list("blob_id", flat=True)
    return {pk for pk in (*files.distinct(), *drafts) if pk is not None}


def _by_scope(entries: QuerySet[MemoryEntry]) -> Vectors:
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    rows: QuerySet[MemoryEntry, tuple[uuid.UUID, int, str]] = (
        entries.exclude(indexed_by="").order_by().values_list("pk", "owner_id", "indexed_by")
    )
    for pk, owner, embedder in rows:
        found[owner, embedder].append(str(pk))
    return dict(found)
