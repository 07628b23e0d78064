"""Keeps a claimed run's lease alive, and sees when the person asks to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import OperationalError, connection
from django.db.models import Value
from django.db.models.functions import Now

from generations.journal import RunJournal
from generations.models import Run, RunStatus

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.4


@contextmanager
def heartbeat(journal: RunJournal, lease: timedelta) -> Iterator[None]:
    """Renew the lease every third of its length while the body runs.

    Sets ``journal.stop`` when the person asks to stop, ``journal.lost`` when the run is another's
    or the database was away for longer than the lease.
    """
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(journal, lease, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(journal: RunJournal, lease: timedelta, done: threading.Event) -> None:
    length = lease.total_seconds()
    renewed = time.monotonic()
    try:
        while not done.wait(min(LOOK_SECONDS, length / 6)) and not journal.lost.is_set():
            started = time.monotonic()
            try:
                if started - renewed >= length / 3:
                    _renew(journal, lease)
                    renewed = started
                elif _asked_to_stop(journal):
                    journal.stop.set()
            except OperationalError:
                logger.warning("The lease of run %s could not be looked after", journal.run.pk, exc_info=True)
                connection.close()
                if time.monotonic() - renewed > length:
                    journal.lost.set()
    finally:
        connection.close()


def _renew(journal: RunJournal, lease: timedelta) -> None:
    held = Run.objects.filter(pk=journal.run.pk, fence=journal.run.fence, status=RunStatus.RUNNING)
    if not held.update(lease_expires_at=Now() + Value(lease)):
        journal.lost.set()


def _asked_to_stop(journal: RunJournal) -> bool:
    return Run.objects.filter(pk=journal.run.pk).exclude(stop_requested_at=None).exists()
