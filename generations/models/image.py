"""A picture that a person gave with the description."""

from __future__ import annotations

import uuid

from django.db import models

from generations.models.artifact import Blob
from generations.models.run import Run


class RunImage(models.Model):
    """An input image of a run; only PNG, JPEG, GIF and WebP are taken."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="images")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=40)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="run_images")

    def __str__(self) -> str:
        return self.name
