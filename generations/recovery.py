"""Brings runs back that lost their worker, their message or their sandbox. Safe to call from several processes."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from agents.errors import SandboxUnavailable
from agents.events import Event, LogLine, RunEnded
from agents.types import Level
from generations.delivery import queue_is_empty, wake_worker
from generations.events import append_events
from generations.halting import asked_for
from generations.lease_watch import LeaseWatch
from generations.leases import is_gone
from generations.ledger import forget_replies, lose_calls
from generations.models import Mark, Run, RunStatus
from generations.models.run import RunQuerySet
from generations.previewing.lost import end_lost_previews, sandboxes_of_previews
from generations.probes import end_lost_probes
from generations.waiting import end_waiting
from generations.wiring import site_sandbox

logger = logging.getLogger(__name__)

UNDELIVERED = timedelta(seconds=10)


def recover_lost_runs(watch: LeaseWatch | None = None) -> int:
    """Queue, stop or fail every run that nobody looks after; gives how many were moved.

    Without a ``watch`` over the leases the database's clock alone tells which are over.
    """
    moved = sum(_recover(run) for run in _abandoned(watch))
    moved += sum(_halt(run) for run in _halted())
    moved += end_waiting()
    _deliver_again()
    end_lost_probes()
    end_lost_previews()
    Mark.objects.update_or_create(name="reaper", defaults={"at": Now()})
    return moved


def remove_orphaned_sandboxes() -> int:
    """Remove sandboxes whose run is not running (any more) under their fence, or whose worker is gone.

    Those of previews and tries stay while the process that holds them lives.
    """
    running = Run.objects.filter(status=RunStatus.RUNNING)
    live = {(str(run.pk), run.fence) for run in running if not is_gone(run.lease_owner)} | sandboxes_of_previews()
    try:
        return site_sandbox().remove_orphans(live)
    except SandboxUnavailable:
        return 0


def _abandoned(watch: LeaseWatch | None) -> list[Run]:
    """Running runs whose lease is over, or whose worker is known to be gone."""
    running = list(Run.objects.filter(status=RunStatus.RUNNING))
    over = set(Run.objects.expired().values_list("pk", flat=True))
    if watch is not None:
        over = watch.over(running, over)
    return [run for run in running if run.pk in over or is_gone(run.lease_owner)]


def _halted() -> RunQuerySet:
    """Runs that no worker holds and whose person asked to stop or to pause while one did."""
    asked = ~Q(stop_requested_at=None) | ~Q(pause_requested_at=None)
    return Run.objects.filter(asked, status__in=(RunStatus.QUEUED, RunStatus.WAITING))


def _recover(run: Run) -> bool:
    """Move one abandoned run on, if it still is abandoned by the very claim that was seen."""
    silent = Q(lease_expires_at=run.lease_expires_at)
    held = Run.objects.filter(silent | Q(lease_owner=run.lease_owner) if is_gone(run.lease_owner) else silent)
    if run.stop_requested_at is not None or run.pause_requested_at is not None:
        return _halt(run, held)
    if run.attempts >= settings.MAX_ATTEMPTS:
        sentence = (
            f"The worker was lost {run.attempts} times while it ran this. Its log may tell why; "
            "resume the run to try again from its last checkpoint."
        )
        ended = RunEnded(status=RunStatus.FAILED, reason=sentence)
        return _move(held, run, RunStatus.FAILED, ended, reason=sentence, finished_at=timezone.now())
    text = "The worker of this run was lost; another one goes on from the last checkpoint."
    moved = _move(held, run, RunStatus.QUEUED, LogLine(stage="", level=Level.WARNING, text=text))
    if moved:
        logger.warning("Run %s lost its worker %s", run.pk, run.lease_owner)
        wake_worker()
    return moved


def _halt(run: Run, rows: RunQuerySet | None = None) -> bool:
    """Stop or pause a run as its person asked."""
    status, sentence = asked_for(run)
    finished = timezone.now() if status == RunStatus.STOPPED else None
    rows = Run.objects.all() if rows is None else rows
    return _move(rows, run, status, RunEnded(status=status, reason=sentence), reason=sentence, finished_at=finished)


def _deliver_again() -> None:
    """Wake workers for runs that wait although no message does: theirs was lost, or is held by a busy worker."""
    overdue = Run.objects.runnable(settings.RUNS_PER_USER).filter(queued_at__lt=timezone.now() - UNDELIVERED)
    waiting = overdue.count()
    if waiting and queue_is_empty():
        for _ in range(min(waiting, settings.Q_CLUSTER["workers"])):
            wake_worker()


def _move(rows: RunQuerySet, run: Run, to: str, event: Event, **fields: object) -> bool:
    with transaction.atomic():
        if to == RunStatus.QUEUED:
            fields["queued_at"] = timezone.now()
        moved = rows.move(
            run.pk,
            to,
            fence=run.fence,
            sources=(run.status,),
            lease_owner="",
            lease_expires_at=None,
            not_before=None,
            **fields,
        )
        if moved:
            lose_calls(run.pk)
            if to == RunStatus.FAILED:
                forget_replies(run.pk)
            append_events(run.pk, [event])
    return moved
