"""Keys of model providers, encrypted at rest."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from generations.models.endpoint import OwnEndpoint


class ProviderKey(models.Model):
    """A provider's key. Only ciphertext is stored, bound to this row; shown as its last four characters."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="provider_keys",
        help_text="Empty: a key of the site, for everybody without one of their own.",
    )
    provider = models.CharField(max_length=40)
    endpoint = models.OneToOneField(
        OwnEndpoint, on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="key"
    )
    ciphertext = models.TextField(editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["provider"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "provider"], name="key_per_owner_and_provider"),
            # NULL is like no other NULL in SQL, so the site's keys need a constraint of their own.
            models.UniqueConstraint(fields=["provider"], condition=Q(owner=None), name="key_of_site_per_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} …{self.last_four}"
