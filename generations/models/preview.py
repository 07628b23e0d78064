"""Delivered applications that people open or try: each in a sandbox of its own, looked after by a preview process."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Now

from generations.models.checkpoint import Checkpoint
from generations.models.run import Run


class PreviewStatus(models.TextChoices):
    """queued → starting → running → ended; the process that moves it from queued to starting has it."""

    QUEUED = "queued", "Waiting"
    STARTING = "starting", "Starting"
    RUNNING = "running", "Running"
    ENDED = "ended", "Ended"


LIVE = (PreviewStatus.QUEUED, PreviewStatus.STARTING, PreviewStatus.RUNNING)
HELD = (PreviewStatus.STARTING, PreviewStatus.RUNNING)


class HeldQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Questions about rows that a preview process takes and holds by a lease."""

    def live(self) -> Self:
        """Those that have not ended."""
        return self.filter(status__in=LIVE)

    def held(self) -> Self:
        """Those that a process has, or had when it died."""
        return self.filter(status__in=HELD)

    def claim(self, pk: uuid.UUID, worker: str, lease: timedelta) -> bool:
        """Take a queued row; False when it was not there to be taken."""
        fields = {"status": PreviewStatus.STARTING, "worker": worker, "started_at": Now()}
        fields["lease_expires_at"] = Now() + Value(lease)
        return bool(self.filter(pk=pk, status=PreviewStatus.QUEUED).update(**fields))

    def end(self, reason: str) -> int:
        """End the live ones among these; gives how many."""
        return self.live().update(
            status=PreviewStatus.ENDED, reason=reason[:4000], ended_at=Now(), lease_expires_at=None
        )


class Held(models.Model):
    """What previews and tries share. ``reason`` says why it ended, '' when it ended as it should."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=PreviewStatus, default=PreviewStatus.QUEUED)
    reason = models.TextField(blank=True)
    worker = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = HeldQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-created_at"]

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.status in LIVE

    @property
    def host(self) -> str:
        """The name that nobody can guess: of its sandbox, and of its address."""
        return self.id.hex

    def __str__(self) -> str:
        return f"{self.host[:8]} ({self.status})"


class Preview(Held):
    """A server of a delivered application that runs for its person. ``entry`` is the hash of the pass that lets in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="previews")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="previews")
    used_at = models.DateTimeField(null=True, blank=True)
    entry = models.CharField(max_length=64, blank=True)

    class Meta(Held.Meta):
        constraints = [
            models.UniqueConstraint(fields=["run"], condition=Q(status__in=LIVE), name="one_live_preview_per_run")
        ]
        indexes = [models.Index(fields=["status"], name="preview_by_status")]


class TryOut(Held):
    """One run of a delivered command line tool with somebody's arguments and file, and what came of it.

    ``exit_code`` is None when it was killed at the time limit. ``written`` are the files that it wrote, as a zip
    archive; ``files`` their names and sizes.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tries")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tries")
    arguments = models.TextField(blank=True)
    upload_name = models.CharField(max_length=120, blank=True)
    upload = models.BinaryField(null=True, blank=True)
    output = models.TextField(blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    timed_out = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, blank=True)
    files = models.JSONField(default=list, blank=True)
    written = models.BinaryField(null=True, blank=True)

    class Meta(Held.Meta):
        verbose_name_plural = "tries"
        indexes = [models.Index(fields=["status"], name="try_by_status")]
