"""What a person changed by hand in a checkpoint, before a run begins from it."""

from __future__ import annotations

from django.db import models

from generations.models.artifact import Blob
from generations.models.checkpoint import Checkpoint


class Draft(models.Model):
    """Edits of one checkpoint that nothing has been made of yet; ``version`` grows with each.

    ``plan`` holds the edited requirements and plan, or NULL. The checkpoint itself never changes.
    """

    checkpoint = models.OneToOneField(Checkpoint, on_delete=models.CASCADE, primary_key=True, related_name="draft")
    version = models.PositiveIntegerField(default=0)
    plan = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"edits of {self.checkpoint}"


class DraftFile(models.Model):
    """One file as it shall be; without a blob it shall be gone."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    mode = models.PositiveSmallIntegerField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, blank=True, related_name="draft_files")

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["draft", "path"], name="draft_file_per_path")]

    def __str__(self) -> str:
        return self.path
