"""Tests of models: what each check found."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from agents.probing.findings import Finding, Found
from generations.models.endpoint import OwnEndpoint


class ProbeStatus(models.TextChoices):
    """queued → running → done or failed; the worker that moves it from queued to running has it."""

    QUEUED = "queued", "Waits for a worker"
    RUNNING = "running", "Being tested"
    DONE = "done", "Tested"
    FAILED = "failed", "The test broke off"


class ModelProbeQuerySet(models.QuerySet["ModelProbe"]):
    """Questions about tests."""

    def for_owner(self, owner: AbstractBaseUser | AnonymousUser | None) -> Self:
        """The owner's own tests and those of the site, newest first, with their ``tokens`` and ``cost`` where known."""
        whose = Q(owner=None) if owner is None else Q(owner=None) | Q(owner_id=owner.pk)
        tokens = Sum(F("model_calls__prompt_tokens") + F("model_calls__completion_tokens"))
        return self.filter(whose).annotate(tokens=tokens, cost=Sum("model_calls__cost_usd")).order_by("-created_at")

    def going_on(self) -> Self:
        """Those that have not ended."""
        return self.filter(status__in=(ProbeStatus.QUEUED, ProbeStatus.RUNNING))

    def asked_by(self, user: AbstractBaseUser, within: timedelta) -> Self:
        """What somebody asked for lately."""
        return self.filter(asked_by_id=user.pk, created_at__gt=timezone.now() - within)

    def claim(self, probe_id: uuid.UUID, worker: str) -> ModelProbe | None:
        """Take a queued test; None when it was not there to be taken."""
        waiting = self.filter(pk=probe_id, status=ProbeStatus.QUEUED)
        if not waiting.update(status=ProbeStatus.RUNNING, worker=worker, started_at=Now()):
            return None
        return self.select_related("owner", "asked_by").get(pk=probe_id)


class ModelProbe(models.Model):
    """One test of one model at one endpoint. Without owner it is the site's, and counts for everybody.

    ``model`` is empty where only the key was tried. ``findings`` are the checks that are done, in their order.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="probes"
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="asked_probes")
    endpoint = models.ForeignKey(OwnEndpoint, on_delete=models.CASCADE, null=True, blank=True, related_name="probes")
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=120, blank=True)
    output_tokens = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=ProbeStatus, default=ProbeStatus.QUEUED)
    findings = models.JSONField(default=list, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ModelProbeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "test of a model"
        verbose_name_plural = "tests of models"
        indexes = [
            models.Index(fields=["provider", "model", "-created_at"], name="probe_by_model"),
            models.Index(fields=["asked_by", "-created_at"], name="probe_by_person"),
            models.Index(fields=["status"], name="probe_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.model or self.provider} ({self.get_status_display()})"

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.status in (ProbeStatus.QUEUED, ProbeStatus.RUNNING)

    def found(self) -> Sequence[Finding]:
        """The findings as the engine knows them."""
        return [Finding(**{**row, "found": Found(row["found"])}) for row in self.findings]
