"""Answers that were paid for, kept whole until the stage that asked has a checkpoint."""

from __future__ import annotations

from django.db import models

from generations.models.model_call import ModelCall
from generations.models.run import Run


class KeptReply(models.Model):
    """An answer exactly as it came, encrypted: a stage that is done again goes on with it instead of paying twice."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="kept_replies")
    call = models.OneToOneField(ModelCall, on_delete=models.CASCADE, related_name="kept_reply")
    stage = models.CharField(max_length=20)
    step = models.CharField(max_length=60)
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="kept_reply_per_step")]

    def __str__(self) -> str:
        return f"{self.stage}: {self.step[:12]}"
