"""What a stage left behind: a run can go on from here."""

from __future__ import annotations

import uuid

from django.db import models

from agents.types import StageName
from generations.models.run import Run


class CheckpointStatus(models.TextChoices):
    """How the stage ended. A run goes on from its newest succeeded one.

    ``partial`` keeps the files of a stage that was broken off; ``superseded``
    belongs to an earlier attempt, or was done again; ``damaged`` was found not to be what was stored, so that the run
    went on from the one before.
    """

    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    PARTIAL = "partial", "Partial"
    SUPERSEDED = "superseded", "Superseded"
    DAMAGED = "damaged", "Damaged"


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    """Questions about checkpoints."""

    def latest_good(self, run: Run) -> Checkpoint | None:
        """The newest checkpoint that a run can go on from."""
        return self.filter(run=run, status=CheckpointStatus.SUCCEEDED).order_by("-number").first()


class Checkpoint(models.Model):
    """A finished (or failed) stage: its state, its whole tree through ``artifacts``, and what it cost.

    ``tree`` is the hash over paths, modes and contents; ``state_sha256`` that of the state's JSON. Of one that is
    ``emptied_at`` some time only the figures are left: state and files were removed because of their age.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="checkpoints")
    number = models.PositiveIntegerField()
    stage = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=CheckpointStatus, default=CheckpointStatus.SUCCEEDED)
    error = models.TextField(blank=True)
    seconds = models.FloatField()
    cpu_seconds = models.FloatField(null=True, blank=True)
    peak_memory_bytes = models.BigIntegerField(null=True, blank=True)
    tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    state = models.JSONField(null=True, blank=True)
    state_sha256 = models.CharField(max_length=64, blank=True)
    tree = models.CharField(max_length=64, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    emptied_at = models.DateTimeField(null=True, blank=True)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="checkpoint_number_per_run")]

    @property
    def outcome(self) -> str:
        """How the stage ended, also for a checkpoint of an earlier attempt."""
        if self.status != CheckpointStatus.SUPERSEDED:
            return self.status
        if not self.error:
            return CheckpointStatus.SUCCEEDED
        return CheckpointStatus.PARTIAL if self.tree else CheckpointStatus.FAILED

    @property
    def complete(self) -> bool:
        """Whether it holds a whole application that was judged."""
        return self.stage == StageName.EXECUTION and self.outcome == CheckpointStatus.SUCCEEDED

    def __str__(self) -> str:
        return f"{self.stage} ({self.status})"
