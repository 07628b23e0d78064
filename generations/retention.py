"""What is older than it is to be kept: lines of logs, texts of model calls, tries, files of earlier attempts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from generations.models import (
    Attempt,
    Checkpoint,
    CheckpointStatus,
    Draft,
    KeptReply,
    ModelCall,
    Preview,
    PreviewStatus,
    Project,
    Run,
    RunEvent,
    TryOut,
)
from generations.models.run import ENDED

UNUSED = (CheckpointStatus.SUPERSEDED, CheckpointStatus.DAMAGED)


def runs_with_old_lines() -> QuerySet[Run]:
    """Runs that ended long ago and still have lines before the one of their end."""
    limit = _days_ago(settings.KEEP_LOGS_DAYS)
    if limit is None:
        return Run.objects.none()
    earlier = RunEvent.objects.filter(run=OuterRef("pk"), seq__lt=OuterRef("last_seq"))
    return _ended_before(limit).filter(Exists(earlier))


def old_lines(run: Run) -> QuerySet[RunEvent]:
    """The lines of an ended run before that of its (last) end, oldest first: what goes, goes from the front."""
    end = run.events.filter(kind="run_ended").order_by("-seq").values_list("seq", flat=True).first()
    return run.events.filter(seq__lt=end or 0).order_by("seq")


def old_calls() -> QuerySet[ModelCall]:
    """Calls of runs that ended, and of tests that were made, long ago and whose texts are still there."""
    limit = _days_ago(settings.KEEP_CALLS_DAYS)
    if limit is None:
        return ModelCall.objects.none()
    old = Q(run__status__in=ENDED, run__finished_at__lt=limit) | Q(run=None, at__lt=limit)
    return ModelCall.objects.filter(old).exclude(request=[])


def old_replies() -> QuerySet[KeptReply]:
    """Answers that are kept for runs which nobody resumed for long."""
    limit = _days_ago(settings.KEEP_CALLS_DAYS)
    if limit is None:
        return KeptReply.objects.none()
    return KeptReply.objects.filter(run__status__in=ENDED, run__finished_at__lt=limit)


def old_previews(model: type[Preview | TryOut]) -> QuerySet[Preview | TryOut]:
    """Previews or tries that ended long ago, with what was put in and what came out."""
    limit = _days_ago(settings.KEEP_LOGS_DAYS)
    if limit is None:
        return model.objects.none()
    return model.objects.filter(status=PreviewStatus.ENDED, created_at__lt=limit)


def old_sessions() -> QuerySet[Session]:
    """Sessions that are over; nobody signed out of them."""
    return Session.objects.filter(expire_date__lt=timezone.now())


def runs_with_old_attempts() -> QuerySet[Run]:
    """Runs with attempts that ended long ago, and with checkpoints of them that may go."""
    limit = _days_ago(settings.KEEP_ATTEMPTS_DAYS)
    if limit is None:
        return Run.objects.none()
    return Run.objects.filter(Exists(_of_old_attempts(limit).filter(run=OuterRef("pk"))))


def old_checkpoints(run: Run) -> QuerySet[Checkpoint]:
    """Checkpoints of a run's old attempts that are no version, and that neither edits nor other runs begin from."""
    limit = _days_ago(settings.KEEP_ATTEMPTS_DAYS)
    if limit is None:
        return Checkpoint.objects.none()
    bases = Run.objects.filter(project=run.project_id).exclude(settings__base=None)
    named = [str(pk) for pk in bases.values_list("settings__base", flat=True)]
    return _of_old_attempts(limit).filter(run=run).exclude(pk__in=named)


def _of_old_attempts(limit: datetime) -> QuerySet[Checkpoint]:
    attempts = Attempt.objects.filter(
        run=OuterRef("run"), finished_at__lt=limit, last_checkpoint__gte=OuterRef("number")
    )
    rows = Checkpoint.objects.filter(Exists(attempts), status__in=UNUSED, emptied_at=None)
    needed = Exists(Project.objects.filter(current=OuterRef("pk"))) | Exists(Draft.objects.filter(pk=OuterRef("pk")))
    return rows.exclude(needed)


def _ended_before(limit: datetime) -> QuerySet[Run]:
    return Run.objects.filter(status__in=ENDED, finished_at__lt=limit)


def _days_ago(days: int) -> datetime | None:
    return timezone.now() - timedelta(days=days) if days else None
