"""What became of a run before it was set off again."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models

from generations.models.run import Run, RunStatus


class Attempt(models.Model):
    """An earlier attempt of a run: how it ended, and which events and checkpoints are its own.

    The present attempt has no row; its figures are those of the run. ``submission`` is the form that began the attempt
    after this one, and ``next_after`` the stage after which that one went on ('' from the start). Tokens and cost are
    this attempt's alone; unknown figures are NULL.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="earlier_attempts")
    number = models.PositiveIntegerField()
    submission = models.UUIDField(default=uuid.uuid4, unique=True)
    next_after = models.CharField(max_length=20, blank=True)

    status = models.CharField(max_length=12, choices=RunStatus)
    reason = models.TextField(blank=True)
    verdict = models.JSONField(null=True, blank=True)
    measures = models.JSONField(default=dict, blank=True)
    quality = models.FloatField(null=True, blank=True)
    tests_passed = models.PositiveIntegerField(null=True, blank=True)
    tests_failed = models.PositiveIntegerField(null=True, blank=True)
    tests_skipped = models.PositiveIntegerField(null=True, blank=True)
    tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)

    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    first_seq = models.PositiveIntegerField()
    last_seq = models.PositiveIntegerField()
    first_checkpoint = models.PositiveIntegerField()
    last_checkpoint = models.PositiveIntegerField()

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="attempt_number_per_run")]

    def __str__(self) -> str:
        return f"{self.run} attempt {self.number}"

    @property
    def duration(self) -> timedelta | None:
        """From the first claim to the end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at
