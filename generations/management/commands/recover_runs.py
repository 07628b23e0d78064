"""Bring back runs that lost their worker, their queue message or their sandbox."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from agents.errors import AgentError
from generations.delivery import purge_taken_messages
from generations.garbage import collect_now_and_then
from generations.lease_watch import LeaseWatch
from generations.local_endpoints import find_local_endpoints
from generations.rates import purge_tickets
from generations.recovery import recover_lost_runs, remove_orphaned_sandboxes
from generations.waiting import seconds_to_next

logger = logging.getLogger(__name__)

SECONDS = 5.0
ROUNDS_PER_CLEANING = 12
ENDING_SECONDS = 3.0


class Command(BaseCommand):
    """One round, or rounds every five seconds until the process is told to end."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--forever``."""
        parser.add_argument("--forever", action="store_true", help=f"go on, every {SECONDS:.0f} seconds")

    def handle(self, *_args: object, **options: object) -> None:
        """Recover once or for ever."""
        if not options["forever"]:
            moved = recover_lost_runs()
            find_local_endpoints()
            self.stdout.write(f"Runs moved: {moved}. Sandboxes removed: {remove_orphaned_sandboxes()}.")
            return
        done = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: done.set())
        # A round must not wait for a collection, which takes its time.
        collector = threading.Thread(target=collect_now_and_then, args=(done,), daemon=True)
        collector.start()
        rounds, watch = 0, LeaseWatch(timedelta(seconds=settings.LEASE_SECONDS))
        while not done.is_set():
            _round(watch, cleaning=rounds % ROUNDS_PER_CLEANING == 0)
            rounds += 1
            done.wait(_pause())
        collector.join(ENDING_SECONDS)


def _pause() -> float:
    """Seconds to the next round: sooner when a waiting run is due before."""
    try:
        return seconds_to_next(SECONDS)
    except DatabaseError:
        return SECONDS
    finally:
        connection.close()


def _round(watch: LeaseWatch, *, cleaning: bool) -> None:
    """One round; what fails is logged and done again in the next."""
    try:
        moved = recover_lost_runs(watch)
        if cleaning or moved:
            remove_orphaned_sandboxes()
        if cleaning:
            purge_taken_messages()
            find_local_endpoints()
            purge_tickets()
    except (DatabaseError, AgentError):
        logger.exception("This round of recovery failed; the next one tries again")
    finally:
        connection.close()
