"""Runs that wait for something to come back: who is due, and queueing them again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone

from agents.errors import SandboxUnavailable
from agents.events import LogLine
from agents.types import Awaited
from generations.delivery import wake_worker
from generations.errors import LaunchError
from generations.events import append_events
from generations.models import Run, RunStatus
from generations.room import has_room
from generations.wiring import site_sandbox

BACK = "What the run waited for may be back; it is tried again."
# What needs the sandbox back; every other wait is over when its time is.
NEED_SANDBOX = ("", Awaited.SANDBOX)


def end_waiting() -> int:
    """Queue the runs that have waited long enough, those for a sandbox only if there is one; gives how many."""
    due = list(Run.objects.filter(status=RunStatus.WAITING, not_before__lte=Now()))
    if not due or not has_room():
        return 0
    if any(run.waits_for in NEED_SANDBOX for run in due) and not _sandbox_is_back():
        due = [run for run in due if run.waits_for not in NEED_SANDBOX]
    return sum(_queue(run, BACK) for run in due)


def try_now(run: Run) -> None:
    """Queue a waiting run before its time, as its person asks. Raises LaunchError when it does not wait (any more)."""
    if not _queue(run, "Tried again at your request."):
        raise LaunchError("This run does not wait any more.")
    run.refresh_from_db()


def try_again(run: Run) -> bool:
    """Queue a waiting run whose time has come; False when it does not wait any more."""
    return _queue(run, BACK)


def seconds_to_next(longest: float) -> float:
    """Until the next waiting run is due, at most ``longest`` and at least half a second."""
    waiting = Run.objects.filter(status=RunStatus.WAITING, not_before__gt=Now())
    soonest = waiting.aggregate(soonest=Min("not_before"))["soonest"]
    if soonest is None:
        return longest
    return min(max((soonest - timezone.now()).total_seconds(), 0.5), longest)


def _queue(run: Run, text: str) -> bool:
    with transaction.atomic():
        fields = {"not_before": None, "waits_for": "", "reason": "", "queued_at": timezone.now()}
        moved = Run.objects.move(run.pk, RunStatus.QUEUED, fence=run.fence, sources=(RunStatus.WAITING,), **fields)
        if moved:
            append_events(run.pk, [LogLine(stage="", text=text)])
            wake_worker()
    return moved


def _sandbox_is_back() -> bool:
    try:
        return site_sandbox().status().available
    except SandboxUnavailable:
        return False
