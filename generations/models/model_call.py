"""The ledger of model calls."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from generations.models.probe import ModelProbe
from generations.models.run import Run


class ModelCall(models.Model):
    """One question to a model in a run or in a test, what it answered and what it took. Request and reply are masked.

    The row is written before the model is asked, ``outcome`` 'in flight'. ``step`` names the question and ``fence`` the
    claim it belongs to. Nobody knows what a 'lost' one took: at most what was ``held`` for it. Figures are those of the
    endpoint; ``estimated`` ones are our guess from what was sent and received, where the answer broke off before.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, blank=True, related_name="model_calls")
    probe = models.ForeignKey(ModelProbe, on_delete=models.CASCADE, null=True, blank=True, related_name="model_calls")
    fence = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=60, blank=True)
    stage = models.CharField(max_length=20)
    role = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    estimated = models.BooleanField(default=False)
    held_tokens = models.PositiveIntegerField(null=True, blank=True)
    held_cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    seconds = models.FloatField()
    outcome = models.CharField(max_length=40)
    request = models.JSONField()
    reply = models.TextField(blank=True)
    receipt = models.JSONField(default=list, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["run", "at"], name="model_call_by_run")]
        constraints = [
            models.CheckConstraint(
                condition=Q(run=None, probe__isnull=False) | Q(run__isnull=False, probe=None),
                name="call_of_a_run_or_a_test",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.purpose} ({self.outcome})"
