"""What each worker group last told of itself, and when the site last did what nobody sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Value
from django.db.models.functions import Now

HEARD_WITHIN = timedelta(seconds=60)


class WorkerGroupQuerySet(models.QuerySet["WorkerGroup"]):
    """Questions about worker groups."""

    def heard_within(self, time: timedelta = HEARD_WITHIN) -> Self:
        """Those whose watchdog gave a sign of life lately, by the database's clock."""
        return self.filter(seen_at__gte=Now() - Value(time))


class WorkerGroup(models.Model):
    """One queue cluster with its workers, as its watchdog sees it.

    ``answered_at`` is when a canary last came through the queue, NULL before the first. ``busy`` workers hold runs or
    tests of models; while all are, no canary can come through. ``sandbox`` is what runs would get on that machine.
    """

    name = models.CharField(max_length=80, unique=True)
    workers = models.PositiveSmallIntegerField()
    busy = models.PositiveSmallIntegerField(default=0)
    draining = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    sandbox = models.JSONField(null=True, blank=True)

    objects = WorkerGroupQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.machine

    @property
    def machine(self) -> str:
        """The machine's name."""
        return self.name.partition("/")[0]


class Mark(models.Model):
    """When something was last done, such as a round of the reaper."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
