"""Which leases are over, without believing the machine's clock: it may jump, and all of them would seem to be."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from generations.models import Run

# A worker renews its lease every third of it: for so much of it a living one cannot be silent.
SILENT_SHARE = 2 / 3


class LeaseWatch:
    """Remembers, by a clock that never jumps, since when each lease has been as it is."""

    def __init__(self, lease: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease.total_seconds()
        self._clock = clock
        self._seen: dict[uuid.UUID, tuple[int, datetime | None, float]] = {}

    def over(self, running: Iterable[Run], expired: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """The running runs whose worker is silent.

        ``expired`` are those whose lease is over by the database's clock: they count when nothing was heard of their
        workers for most of a lease. The others count when nothing was heard for a whole one, for a clock that was
        put back leaves leases that last for hours.
        """
        now, seen = self._clock(), self._seen
        self._seen = {}
        for run in running:
            fence, until, since = seen.get(run.pk, (0, None, now))
            if (fence, until) != (run.fence, run.lease_expires_at):
                since = now
            self._seen[run.pk] = (run.fence, run.lease_expires_at, since)
        return {
            pk
            for pk, (_fence, _until, since) in self._seen.items()
            if now - since >= self._lease * (SILENT_SHARE if pk in expired else 1)
        }
