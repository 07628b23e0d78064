"""The queue cluster as processes: one session that starts, is watched and ends as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

from django.conf import settings
from django.db import Error, connection
from django_q.cluster import Cluster

from generations import draining
from generations.canary import GroupBroker
from generations.with_parent import descendants, die_with_parent, forks_die_with_parent

# Tells a cluster to give its runs no time; one that is only just starting ends by it without a word.
HURRY = signal.SIGUSR1
POLL_SECONDS = 0.2
# What is broken off is let go of within a few seconds; after that nobody waits.
LET_GO_SECONDS = 8.0
# A cluster whose workers hold nothing has nothing left to finish; some hang then instead of ending.
IDLE_SECONDS = 3.0


class QueueCluster:
    """The processes of one cluster, started anew by each ``start``. ``holds`` tells how many of its workers work."""

    def __init__(self, group: str, holds: Callable[[int], int]) -> None:
        self._command = [sys.executable, "manage.py", "run_worker", "--cluster", group]
        self._holds = holds
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the cluster in a session of its own."""
        end_with_me = partial(die_with_parent, os.getpid())
        self._process = subprocess.Popen(
            self._command, cwd=settings.BASE_DIR, start_new_session=True, preexec_fn=end_with_me
        )

    @property
    def exit_code(self) -> int | None:
        """How its main process ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def busy(self) -> int:
        """How many of its workers hold something."""
        return 0 if self._process is None else self._holds(self._process.pid)

    def end(self, hurried: Callable[[], bool]) -> None:
        """Let the cluster drain, for as long as the settings say or not at all; then nothing of it is left."""
        number = HURRY if hurried() else signal.SIGTERM
        self._tell(number)
        started = quiet_since = time.monotonic()
        while self.exit_code is None:
            time.sleep(POLL_SECONDS)
            now = time.monotonic()
            if number == signal.SIGTERM and hurried():
                number, started = HURRY, now
                self._tell(number)
            if self._may_be_busy():
                quiet_since = now
            limit = LET_GO_SECONDS + (0 if number == HURRY else settings.DRAIN_SECONDS)
            if now - started > limit or now - quiet_since > IDLE_SECONDS:
                break
        self._kill()

    def _may_be_busy(self) -> bool:
        try:
            return self.busy > 0
        except Error:
            return True
        finally:
            connection.close()

    def _tell(self, number: int) -> None:
        # To the main process only: a cluster hangs when its whole group gets it.
        if self._process is not None:
            self._process.send_signal(number)

    def _kill(self) -> None:
        """Kill the session and whatever left it, until none of them is there."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        until = time.monotonic() + LET_GO_SECONDS
        while (left := descendants()) and time.monotonic() < until:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)


class DrainingCluster(Cluster):
    """A cluster that tells its workers when it is told to end."""

    def __init__(self, broker: GroupBroker) -> None:
        super().__init__(broker)
        signal.signal(HURRY, self.sig_handler)

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM gives runs their time, ``HURRY`` none. Django-Q itself would wait for them without a limit."""
        draining.begin(0 if signum == HURRY else settings.DRAIN_SECONDS)
        super().sig_handler(signum, frame)


def run_cluster(group: str) -> None:
    """Start a cluster from this process; its processes end with their parents, and this one with the cluster."""
    forks_die_with_parent()
    DrainingCluster(GroupBroker(group)).start()
