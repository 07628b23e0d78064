"""A run: one attempt to make an application from a description."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Self

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generations.models.project import Project


class RunStatus(models.TextChoices):
    """Where a run is. The last four are ends."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    PAUSED = "paused", "Paused"
    SUCCEEDED = "succeeded", "Succeeded"
    UNVERIFIED = "unverified", "Unverified"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


class Origin(models.TextChoices):
    """What a run began as; all but the first have a parent."""

    ORDER = "order", "New"
    RETRY = "retry", "Retry"
    FOLLOW_UP = "follow_up", "Follow-up"
    RESTORE = "restore", "Restore"
    FORK = "fork", "Fork"


ENDED = (RunStatus.SUCCEEDED, RunStatus.UNVERIFIED, RunStatus.FAILED, RunStatus.STOPPED)

# Every legal move, from each status. Resuming queues a run again from its last checkpoint.
LEGAL_MOVES: dict[str, tuple[str, ...]] = {
    RunStatus.QUEUED: (RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.STOPPED, RunStatus.FAILED),
    RunStatus.RUNNING: (RunStatus.QUEUED, RunStatus.WAITING, RunStatus.PAUSED, *ENDED),
    RunStatus.WAITING: (RunStatus.QUEUED, RunStatus.PAUSED, RunStatus.STOPPED, RunStatus.FAILED),
    RunStatus.PAUSED: (RunStatus.QUEUED, RunStatus.STOPPED),
    RunStatus.SUCCEEDED: (),
    RunStatus.UNVERIFIED: (RunStatus.QUEUED,),
    RunStatus.FAILED: (RunStatus.QUEUED,),
    RunStatus.STOPPED: (RunStatus.QUEUED,),
}


class RunQuerySet(models.QuerySet["Run"]):
    """Questions about runs, and the one way to move them."""

    def for_user(self, user: AbstractBaseUser) -> Self:
        """The runs that a user may see: those of their own projects."""
        return self.filter(project__owner_id=user.pk)

    def active(self) -> Self:
        """Runs that have not ended."""
        return self.exclude(status__in=ENDED)

    def expired(self) -> Self:
        """Running runs whose worker has not renewed its lease, by the database's clock."""
        return self.filter(status=RunStatus.RUNNING, lease_expires_at__lt=Now())

    def runnable(self, per_owner: int) -> Self:
        """Queued runs of owners with fewer than ``per_owner`` running ones: least busy owner first, then oldest."""
        same_owner = Run.objects.filter(status=RunStatus.RUNNING, project__owner=OuterRef("project__owner"))
        running = same_owner.order_by().values("project__owner").annotate(n=Count("pk")).values("n")
        queued = self.filter(status=RunStatus.QUEUED, stop_requested_at=None, pause_requested_at=None)
        queued = queued.annotate(busy=Coalesce(Subquery(running), 0)).filter(busy__lt=per_owner)
        return queued.order_by("busy", "queued_at", "pk")

    def move(
        self,
        run_id: uuid.UUID,
        to: str,
        *,
        fence: int | None = None,
        sources: Collection[str] | None = None,
        **fields: object,
    ) -> bool:
        """Move one run if that is legal from where it is now (and it is in ``sources``, and the fence still fits).

        One conditional UPDATE; False when nothing was changed.
        """
        legal = [status for status, targets in LEGAL_MOVES.items() if to in targets]
        rows = self.filter(pk=run_id, status__in=legal if sources is None else set(legal) & set(sources))
        if fence is not None:
            rows = rows.filter(fence=fence)
        return rows.update(status=to, **fields) == 1

    def claim(self, run_id: uuid.UUID, *, worker: str, lease: timedelta, per_owner: int | None = None) -> Run | None:
        """Take a queued run for one worker, or None when it is not there to be taken.

        With ``per_owner``, the owner's running runs must be fewer. The lease is counted by the
        database's clock, so that workers need not agree on the time.
        """
        wanted = {"status": RunStatus.QUEUED, "stop_requested_at": None, "pause_requested_at": None}
        rows = self.filter(pk=run_id, **wanted)
        # Reading waits for no other writer, and of those who want the same run most come too late.
        if not rows.exists():
            return None
        with transaction.atomic():
            if per_owner is not None:
                # Claims for one owner go one after the other, or two could both see the last free place.
                owners = get_user_model().objects.select_for_update(of=("self",), no_key=True)
                owners.filter(projects__runs=run_id).first()
                rows = rows.filter(pk__in=self.runnable(per_owner).filter(pk=run_id).order_by().values("pk"))
            claimed = rows.update(
                status=RunStatus.RUNNING,
                lease_owner=worker,
                lease_expires_at=Now() + Value(lease),
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                started_at=Coalesce(F("started_at"), Now()),
                reason="",
            )
        return self.select_related("project__owner").get(pk=run_id) if claimed else None


class Run(models.Model):
    """A description on its way to an application.

    Status moves are those of ``LEGAL_MOVES``. While ``running``, the worker named in ``lease_owner``
    writes with its ``fence``; a write with an older fence changes nothing. ``last_seq`` is the number
    of the newest event. ``attempts`` counts the claims that did not end in order. A waiting run is
    not tried again before ``not_before``; ``waits_for`` says what must come back (an ``Awaited``).
    ``pause_requested_at`` stays set while the person keeps the run paused. Unknown figures (tokens,
    cost, quality, tests) are NULL.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.ORDER)
    submission = models.UUIDField(default=uuid.uuid4, unique=True, help_text="The same form sent twice is one run.")
    prompt = models.TextField()
    language = models.CharField(max_length=20, blank=True)
    provider_profile = models.CharField(max_length=40, default="offline")
    settings = models.JSONField(default=dict)

    status = models.CharField(max_length=12, choices=RunStatus, default=RunStatus.QUEUED)
    reason = models.TextField(blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    pause_requested_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    waits_for = models.CharField(max_length=12, blank=True)
    last_seq = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    quality = models.FloatField(null=True, blank=True)
    tests_passed = models.PositiveIntegerField(null=True, blank=True)
    tests_failed = models.PositiveIntegerField(null=True, blank=True)
    tests_skipped = models.PositiveIntegerField(null=True, blank=True)
    uses_ai = models.BooleanField(default=False)
    sandbox = models.CharField(max_length=20, blank=True)
    verdict = models.JSONField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="run_number_per_project"),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status_known"),
        ]
        indexes = [
            models.Index(fields=["status", "lease_expires_at"], name="run_lease"),
            models.Index(fields=["project", "-created_at"], name="run_by_project"),
            models.Index(fields=["-created_at"], name="run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.project} #{self.number}"

    @property
    def ended(self) -> bool:
        """Whether the run is at one of its ends."""
        return self.status in ENDED

    @property
    def at_rest(self) -> bool:
        """Whether nothing happens before a person does something."""
        return self.ended or self.status == RunStatus.PAUSED

    @property
    def live(self) -> bool:
        """Whether anything can still happen without a person."""
        return not self.at_rest

    @property
    def duration(self) -> timedelta | None:
        """From the first claim to the end, or to now while it goes on."""
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at

    @property
    def tests_run(self) -> int | None:
        """Tests that passed or failed; None when unknown."""
        return None if self.tests_passed is None else self.tests_passed + (self.tests_failed or 0)
