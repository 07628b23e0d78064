"""What a person may spend a day, and what they spent."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Allowance(models.Model):
    """A person's limits a day (of UTC), set by an administrator; empty ones are the site's."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="allowance"
    )
    tokens_per_day = models.PositiveIntegerField(null=True, blank=True)
    usd_per_day = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ["owner"]

    def __str__(self) -> str:
        return f"Allowance of {self.owner}"


class DaySpending(models.Model):
    """What a person's calls took on one day, of runs that were deleted since as well."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["owner", "day"], name="spending_per_day")]

    def __str__(self) -> str:
        return f"{self.owner} on {self.day}"
