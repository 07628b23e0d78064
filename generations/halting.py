"""Stopping and pausing: at once where no worker holds the run, otherwise as soon as its worker sees it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.events import RunEnded
from generations.events import append_events
from generations.models import Run, RunStatus

STOPPED = "Stopped at your request."
NEVER_STARTED = "Stopped before it was started."
PAUSED = "Paused at your request; nothing is lost."


def request_stop(run: Run) -> Run:
    """Stop a run for good; it can be resumed later. Idempotent; an ended run stays as it is."""
    now = timezone.now()
    sentence = NEVER_STARTED if run.started_at is None else STOPPED
    idle = (RunStatus.QUEUED, RunStatus.WAITING, RunStatus.PAUSED)
    with transaction.atomic():
        fields = {"reason": sentence, "finished_at": now, "stop_requested_at": now, "not_before": None}
        if Run.objects.move(run.pk, RunStatus.STOPPED, sources=idle, **fields):
            append_events(run.pk, [RunEnded(status=RunStatus.STOPPED, reason=sentence)])
        else:
            Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING, stop_requested_at=None).update(
                stop_requested_at=now
            )
    run.refresh_from_db()
    return run


def request_pause(run: Run) -> Run:
    """Let a run rest where it is until its person lets it go on. Idempotent; an ended run stays as it is."""
    now = timezone.now()
    idle = (RunStatus.QUEUED, RunStatus.WAITING)
    with transaction.atomic():
        fields = {"reason": PAUSED, "pause_requested_at": now, "not_before": None}
        if Run.objects.move(run.pk, RunStatus.PAUSED, sources=idle, **fields):
            append_events(run.pk, [RunEnded(status=RunStatus.PAUSED, reason=PAUSED)])
        else:
            running = Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING)
            running.filter(stop_requested_at=None, pause_requested_at=None).update(pause_requested_at=now)
    run.refresh_from_db()
    return run


def is_asked(run: Run) -> bool:
    """Whether the run's person asked to stop or to pause it."""
    return Run.objects.filter(Q(pk=run.pk), ~Q(stop_requested_at=None) | ~Q(pause_requested_at=None)).exists()


def asked_for(run: Run) -> tuple[str, str]:
    """What a run that its worker breaks off becomes: the status and its sentence. A stop outdoes a pause."""
    row = Run.objects.filter(pk=run.pk).values("stop_requested_at", "pause_requested_at").first()
    if row is not None and row["stop_requested_at"] is None and row["pause_requested_at"] is not None:
        return RunStatus.PAUSED, PAUSED
    return RunStatus.STOPPED, STOPPED
