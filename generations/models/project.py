"""A project: one application and all runs that made or changed it."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils.text import slugify


class ProjectQuerySet(models.QuerySet["Project"]):
    """Questions about projects."""

    def for_user(self, user: AbstractBaseUser) -> Self:
        """The projects that a user may see: their own."""
        return self.filter(owner_id=user.pk)


class Project(models.Model):
    """An application under a name; the slug is unique for its owner.

    ``current`` is the version that is meant when none is named: it is downloaded, and follow-ups begin from it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=90)
    description = models.TextField(blank=True)
    current = models.ForeignKey(
        "generations.Checkpoint", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["owner", "slug"], name="project_slug_per_owner")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def free_slug(owner: AbstractBaseUser, name: str) -> str:
        """A slug for a name that this owner does not use yet."""
        base = slugify(name)[:80] or "application"
        taken = set(Project.objects.filter(owner_id=owner.pk, slug__startswith=base).values_list("slug", flat=True))
        if base not in taken:
            return base
        return next(slug for n in range(2, len(taken) + 3) if (slug := f"{base}-{n}") not in taken)
