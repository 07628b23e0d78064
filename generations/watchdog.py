"""Watches over one worker group: a queue that does not answer, or a cluster that ended, is replaced as a whole."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.models.functions import Now
from django.utils import timezone

from generations import canary
from generations.delivery import wake_worker
from generations.leases import is_gone, is_in_session, worker_name
from generations.models import ModelProbe, ProbeStatus, Run, RunStatus, WorkerGroup
from generations.queue_cluster import QueueCluster
from generations.sandbox_notice import sandbox_facts
from generations.with_parent import adopt_orphans

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
ROUND_SECONDS = 5.0
# A cluster that is only just starting is given at least so long for its first answer.
START_SECONDS = 60.0
# A database that takes longer than this for a few rows does not answer: then nothing is known of the queue.
SLOW_SECONDS = 5.0
MAX_REPLACED = 5
LONGEST_PAUSE = 10.0
SANDBOX_SECONDS = 30.0
FORGOTTEN = timedelta(days=1)


class Silence:
    """For how long a queue that could have answered has not, by a clock that never jumps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answer: datetime | None = None
        self.restart()

    def restart(self) -> None:
        """A new cluster: it has not answered yet."""
        self.answered = False
        self.forgive()

    def forgive(self) -> None:
        """Count anew from now: it could not have answered."""
        self._since = self._clock()

    def hear(self, answered_at: datetime | None) -> None:
        """Take note of the last answer; a new one ends the silence."""
        if answered_at != self._answer:
            self._answer, self.answered = answered_at, answered_at is not None
            self.forgive()

    def too_long(self, limit: float) -> bool:
        """Whether it lasts longer than ``limit`` seconds, or than a start may take where it never answered."""
        return self._clock() - self._since > (limit if self.answered else max(limit, START_SECONDS))


class Watchdog:
    """Keeps one worker group at work until ``asked`` is set; ``hurried`` tells that it shall end without delay."""

    def __init__(self, asked: threading.Event, hurried: Callable[[], bool]) -> None:
        self._asked = asked
        self._hurried = hurried
        self._name = worker_name()
        self._cluster = QueueCluster(self._name, holders)
        self._silence = Silence()
        self._draining = False
        self._round_at = self._sent_at = 0.0

    def keep(self) -> str:
        """Run clusters one after the other; gives '' when it was asked to end, otherwise why it gave up."""
        adopt_orphans()
        self._tidy()
        threading.Thread(target=tell_of_sandbox, args=(self._name, self._asked), daemon=True).start()
        replaced = 0
        while True:
            self._silence.restart()
            self._sent_at = 0.0
            self._cluster.start()
            trouble = self._watch()
            replaced = 0 if self._silence.answered else replaced
            self._replace(trouble)
            if not trouble:
                break
            replaced += 1
            if replaced > MAX_REPLACED:
                break
            pause = min(2.0 ** (replaced - 1), LONGEST_PAUSE)
            logger.error("%s The worker group was ended; it is started again in %.0f s.", trouble, pause)
            if self._asked.wait(pause):
                trouble = ""
                break
        self._end_watch()
        return trouble and f"{trouble} It was started {replaced} times in a row."

    def _tidy(self) -> None:
        try:
            forget_gone_groups()
        except Error as error:
            # The tables may be on their way; what is old can wait.
            logger.warning("The watchdog could not ask the database: %s", error)
        finally:
            connection.close()

    def _replace(self, trouble: str) -> None:
        """End the cluster; a troubled one gives back what it holds without delay."""
        if not trouble:
            self._draining = True
            self._look()
        self._cluster.end(lambda: bool(trouble) or self._hurried())

    def _watch(self) -> str:
        """Until it was asked to end ('') or the cluster must be replaced (why)."""
        while not self._asked.wait(POLL_SECONDS):
            code = self._cluster.exit_code
            if code is not None:
                return f"The queue cluster ended by itself (code {code})."
            if time.monotonic() - self._round_at >= min(ROUND_SECONDS, settings.CANARY_SECONDS / 3):
                self._look()
                self._round_at = time.monotonic()
            if self._silence.too_long(settings.CANARY_STALE_SECONDS):
                return f"No worker answered the queue for {settings.CANARY_STALE_SECONDS:.0f} s."
        return ""

    def _look(self) -> None:
        """One sign of life, one look at the last answer, and a canary when it is time."""
        started = time.monotonic()
        try:
            busy = self._cluster.busy
            group = self._row(busy)
            self._silence.hear(group.answered_at)
            if busy >= group.workers:
                self._silence.forgive()
            elif not self._draining and started - self._sent_at >= settings.CANARY_SECONDS:
                canary.send(self._name)
                self._sent_at = started
        except Error as error:
            logger.warning("The watchdog could not ask the database: %s", error)
            self._silence.forgive()
        finally:
            connection.close()
        if time.monotonic() - started > SLOW_SECONDS:
            self._silence.forgive()

    def _end_watch(self) -> None:
        """Leave nothing behind in the database, and have others take what still waits."""
        try:
            WorkerGroup.objects.filter(name=self._name).delete()
            canary.withdraw(self._name)
            if Run.objects.runnable(settings.RUNS_PER_USER).exists():
                wake_worker()
        except Error as error:
            logger.warning("The database did not take that this worker ended: %s", error)
        finally:
            connection.close()

    def _row(self, busy: int) -> WorkerGroup:
        workers = settings.Q_CLUSTER["workers"]
        values = {"busy": busy, "workers": workers, "draining": self._draining, "seen_at": Now()}
        if not WorkerGroup.objects.filter(name=self._name).update(**values):
            WorkerGroup.objects.create(name=self._name, started_at=timezone.now(), **values)
        return WorkerGroup.objects.get(name=self._name)


def tell_of_sandbox(group: str, ended: threading.Event) -> None:
    """Write down now and then in what this machine can run code; the web process may not see it."""
    pause = 0.0
    while not ended.wait(pause):
        try:
            told = WorkerGroup.objects.filter(name=group).update(sandbox=sandbox_facts())
            # The group is not there before its first sign of life.
            pause = SANDBOX_SECONDS if told else 1.0
        except Error as error:
            logger.warning("The database did not take what is known of the sandbox: %s", error)
            pause = SANDBOX_SECONDS
        finally:
            connection.close()


def holders(session: int) -> int:
    """How many workers of a session hold a run or a test of a model. Raises django.db.Error."""
    runs = Run.objects.filter(status=RunStatus.RUNNING, lease_expires_at__gt=Now())
    probes = ModelProbe.objects.filter(status=ProbeStatus.RUNNING)
    names = {*runs.values_list("lease_owner", flat=True), *probes.values_list("worker", flat=True)}
    return sum(is_in_session(name, session) for name in names)


def forget_gone_groups() -> None:
    """Delete what is left of groups whose watchdog was killed."""
    old = WorkerGroup.objects.exclude(pk__in=WorkerGroup.objects.heard_within(FORGOTTEN))
    for group in WorkerGroup.objects.all():
        if is_gone(group.name) or group in old:
            canary.withdraw(group.name)
            group.delete()
