"""The quality of a run's application."""

from __future__ import annotations

from django.db import models

from generations.models.run import Run


class QualityReport(models.Model):
    """Measures by name, each ``{"value": 0..1 or null, "detail": text}``, and the mean over the known ones."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="quality_report")
    measures = models.JSONField(default=dict)
    overall = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return "unknown" if self.overall is None else f"{self.overall:.2f}"
