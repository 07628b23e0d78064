"""Starts runs and executes them in this process; what the command line and the Python interface share."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, connection
from django.utils import timezone

from agents.types import Awaited
from generations import artifacts, launch, tasks
from generations.again import Wishes, checkpoint_before, run_again
from generations.errors import LaunchError
from generations.images import UploadedImage
from generations.models import Run, RunEvent, RunStatus
from generations.order import RunOrder
from generations.results import RunResult, result_of
from generations.run_budget import is_at_limit
from generations.waiting import try_again, try_now

POLL_SECONDS, WAIT_POLL_SECONDS = 0.1, 0.5
AT_REST = (RunStatus.PAUSED, RunStatus.WAITING)
# These end by themselves; for a sandbox or a disk somebody has to do something.
PASSING = (Awaited.RATE, Awaited.PROVIDER, Awaited.ALLOWANCE)
Watcher = Callable[[RunEvent], None]
Waiter = Callable[[Run, float], None]


def owner() -> AbstractBaseUser:
    """Whose runs these are: the first administrator. Raises LaunchError before the first set-up."""
    try:
        found = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    except DatabaseError as error:
        raise LaunchError("The database is not set up yet. Run 'make install' once.") from error
    if found is None:
        raise LaunchError("There is no administrator yet. Run 'make install' once.")
    return found


def read_images(paths: Sequence[str | Path]) -> tuple[UploadedImage, ...]:
    """Pictures from files; raises LaunchError for one that cannot be read."""
    found = []
    for path in paths:
        try:
            found.append(UploadedImage(Path(path).name, Path(path).read_bytes()))
        except OSError as error:
            raise LaunchError(f"The image {path} cannot be read: {error.strerror}.", "images") from error
    return tuple(found)


def start(order: RunOrder) -> Run:
    """Store a run of the owner, to be executed here. Raises LaunchError."""
    return launch.start_run(owner(), order, deliver=False)


def change(run: Run, text: str) -> Run:
    """Store a run that makes the same application with a change. Raises LaunchError."""
    return launch.follow_up(run, text)


def resumed(run_id: str, stage: str = "", **changes: object) -> Run:
    """Queue one of the owner's runs again, from its last checkpoint. Raises LaunchError.

    A budget is added to that of a run that paused at it. With a stage, that stage and all after it are done again;
    ``changes`` are fields of ``again.Wishes``, and with any of them, or for a run that succeeded, it is a new run.
    """
    try:
        run = Run.objects.for_user(owner()).select_related("project__owner").get(pk=uuid.UUID(run_id))
    except (ValueError, Run.DoesNotExist) as error:
        raise LaunchError(f"There is no run {run_id[:60]}; the dashboard shows the ids.", "run") from error
    if stage:
        wishes = replace(Wishes.none(run), **changes)
        return run_again(run, checkpoint_before(run, stage), wishes, deliver=False)
    if run.status == RunStatus.QUEUED:
        return run
    if run.status == RunStatus.WAITING:
        try_now(run)
        return run
    more = changes.get("budget_usd")
    if more is not None and not is_at_limit(run):
        raise LaunchError("This run did not pause at its budget; add --from STAGE to give it another one.")
    return launch.resume_run(run, add_usd=more)


def stop(run: Run) -> None:
    """Ask the run to stop."""
    launch.request_stop(run)


def finish(run: Run, output: Path | None = None, watch: Watcher | None = None, wait: Waiter | None = None) -> RunResult:
    """Execute a queued run until it ends or pauses, and write its files below ``output``.

    ``watch`` is told of every event, ``wait`` of the seconds for which the run still waits for what passes by itself;
    without ``wait`` such a run is left waiting. A worker of the site may be quicker; then this only watches.
    Raises OutputRefused, and KeyboardInterrupt as it comes.
    """
    worker = _worker(run)
    seen = run.last_seq
    while True:
        # Alive is asked first: what ended in between is then still seen below.
        alive = worker.is_alive()
        for event in RunEvent.objects.filter(run=run, seq__gt=seen).order_by("seq"):
            seen = event.seq
            if watch is not None:
                watch(event)
        run.refresh_from_db()
        if not alive and wait is not None and run.status == RunStatus.WAITING and run.waits_for in PASSING:
            worker = _waited(run, wait) or worker
        elif not alive and (run.ended or run.status in AT_REST):
            break
        time.sleep(POLL_SECONDS)
    if output is None or not artifacts.tree(run).exists():
        return result_of(run)
    artifacts.write_to(run, output)
    return result_of(run, output)


def _waited(run: Run, wait: Waiter) -> threading.Thread | None:
    """Tell how long a run still waits; when that is over, the thread that goes on with it."""
    seconds = (run.not_before - timezone.now()).total_seconds() if run.not_before else 0.0
    if seconds > 0:
        wait(run, seconds)
        time.sleep(min(seconds, WAIT_POLL_SECONDS))
        return None
    return _worker(run) if try_again(run) else None


def _worker(run: Run) -> threading.Thread:
    worker = threading.Thread(target=_execute, args=(str(run.pk),), daemon=True)
    worker.start()
    return worker


def _execute(run_id: str) -> None:
    try:
        tasks.execute_run(run_id)
    finally:
        connection.close()
