"""What was learned; the vector index is made from these rows and can be made again."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from generations.models.run import Run


class MemoryEntryQuerySet(models.QuerySet["MemoryEntry"]):
    """Questions about memory."""

    def for_user(self, user: AbstractBaseUser) -> Self:
        """The entries of one owner; nobody else's are ever reached."""
        return self.filter(owner_id=user.pk)


class MemoryEntry(models.Model):
    """One thing worth remembering; ``indexed_by`` names the embedder whose vector of it is stored, '' for none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memory_entries")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="memory_entries")
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    text = models.TextField()
    language = models.CharField(max_length=20, blank=True)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    indexed_by = models.CharField(max_length=80, blank=True)

    objects = MemoryEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "memory entries"
        indexes = [models.Index(fields=["owner", "indexed_by"], name="memory_to_index")]
        constraints = [models.UniqueConstraint(fields=["owner", "fingerprint"], name="memory_once_per_owner")]

    def __str__(self) -> str:
        return self.title
