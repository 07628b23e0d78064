"""Endpoints beside the known ones: of a user, of the site, or found on this machine."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

PREFIX = "own-"
# One that was found but has not answered for so long is not offered any more.
FORGOTTEN = timedelta(minutes=5)


class OwnEndpointQuerySet(models.QuerySet["OwnEndpoint"]):
    """Questions about endpoints."""

    def usable_by(self, owner: AbstractBaseUser | AnonymousUser | None) -> Self:
        """The owner's own, the site's, and those that were found."""
        whose = Q(owner=None)
        if owner is not None and settings.USER_ENDPOINTS:
            whose |= Q(owner_id=owner.pk)
        found = Q() if settings.LOCAL_ENDPOINTS else Q(seen_at=None)
        return self.filter(whose, found).order_by(F("owner").desc(nulls_last=True), "name", "model")

    def answering(self) -> Self:
        """Without those that were found once but have been silent for a while."""
        return self.filter(Q(seen_at=None) | Q(seen_at__gt=timezone.now() - FORGOTTEN))


class OwnEndpoint(models.Model):
    """One model behind one OpenAI-compatible base URL. Its key, where it has one, is a ``ProviderKey`` of its own.

    ``seen_at`` is set for one that was found on this machine: when it answered last. Sizes and prices are empty where
    nobody said them; prices are US dollars per million tokens.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="own_endpoints",
        help_text="Empty: of the site, for everybody.",
    )
    name = models.CharField(max_length=60)
    base_url = models.CharField(max_length=300)
    model = models.CharField(max_length=120)
    context_tokens = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(4_000)])
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(500)])
    prompt_price = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    completion_price = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnEndpointQuerySet.as_manager()

    class Meta:
        ordering = ["name", "model"]
        verbose_name = "endpoint"
        constraints = [
            models.UniqueConstraint(fields=["owner", "base_url", "model"], name="endpoint_once_per_owner"),
            # NULL is like no other NULL in SQL, so those of the site need a constraint of their own.
            models.UniqueConstraint(
                fields=["base_url", "model"], condition=Q(owner=None), name="endpoint_once_of_site"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.name})"

    @property
    def provider(self) -> str:
        """Its name among the providers; also the key of the profile that asks it."""
        return f"{PREFIX}{self.pk.hex}"

    @property
    def found(self) -> bool:
        """Whether it was found on this machine instead of entered by somebody."""
        return self.seen_at is not None


class AllowedHost(models.Model):
    """A host, or host:port, that endpoints of users may name although it is not public."""

    host = models.CharField(
        max_length=260, unique=True, help_text="As it stands in base URLs: localhost:11434, or 10.0.0.5 for every port."
    )
    comment = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host
