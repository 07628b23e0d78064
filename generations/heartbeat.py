"""Keeps a claimed run's lease alive, and sees when the person asks to stop or to pause."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import OperationalError, connection
from django.db.models import Value
from django.db.models.functions import Now

from generations import draining
from generations.journal import RunJournal
from generations.models import Run, RunStatus
from generations.models.run import RunQuerySet

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.4
# A stop is heard within a second nearly everywhere; what does not listen is left behind, so that nobody waits longer.
PATIENCE_SECONDS = 3.0


@contextmanager
def heartbeat(journal: RunJournal, lease: timedelta, overdue: Callable[[], None]) -> Iterator[None]:
    """Renew the lease every third of its length while the body runs.

    Sets ``journal.stop`` when the person asks to stop or to pause or the worker must end, ``journal.lost`` when the
    run is another's, is deleted, or the database was away for longer than the lease. Calls ``overdue``, once and from
    the heartbeat's own thread, when the body goes on for seconds although it was asked to stop.
    """
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(journal, lease, done, overdue), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(journal: RunJournal, lease: timedelta, done: threading.Event, overdue: Callable[[], None]) -> None:
    length = lease.total_seconds()
    renewed, asked = time.monotonic(), 0.0
    try:
        while not done.wait(min(LOOK_SECONDS, length / 6)) and not journal.lost.is_set():
            started = time.monotonic()
            try:
                if started - renewed >= length / 3:
                    _renew(journal, lease)
                    renewed = started
                else:
                    _look(journal)
                if draining.overdue():
                    journal.stop.set()
                if journal.stop.is_set():
                    asked = asked or started
                    if started - asked > PATIENCE_SECONDS:
                        overdue()
                        return
            except OperationalError:
                logger.warning("The lease of run %s could not be looked after", journal.run.pk, exc_info=True)
                connection.close()
                if time.monotonic() - renewed > length:
                    journal.lost.set()
    finally:
        connection.close()


def _renew(journal: RunJournal, lease: timedelta) -> None:
    if not _held(journal).update(lease_expires_at=Now() + Value(lease)):
        journal.lost.set()


def _look(journal: RunJournal) -> None:
    row = _held(journal).values_list("stop_requested_at", "pause_requested_at").first()
    if row is None:
        journal.lost.set()
    elif any(row):
        journal.stop.set()


def _held(journal: RunJournal) -> RunQuerySet:
    return Run.objects.filter(pk=journal.run.pk, fence=journal.run.fence, status=RunStatus.RUNNING)
