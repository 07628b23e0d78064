"""The append-only log of a run: the truth behind every live view."""

from __future__ import annotations

from django.db import models

from generations.models.run import Run


class RunEvent(models.Model):
    """Something that happened; ``seq`` counts from 1 without gaps within a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    stage = models.CharField(max_length=20, blank=True)
    level = models.CharField(max_length=10, default="info")
    payload = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="event_seq_per_run")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
