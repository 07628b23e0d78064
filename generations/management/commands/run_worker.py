"""Run queued work: a queue cluster and its watchdog, until SIGTERM (runs come to a checkpoint) or SIGINT (at once)."""

from __future__ import annotations

import signal
import threading
from argparse import SUPPRESS, ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from generations.queue_cluster import run_cluster
from generations.watchdog import Watchdog


class Command(BaseCommand):
    """Ends with 0 when it was asked to, with 1 and a sentence when no cluster would work."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--cluster`` is for the watchdog itself: the cluster alone, for a named group."""
        parser.add_argument("--cluster", metavar="GROUP", help=SUPPRESS)

    def handle(self, *_args: object, **options: str | None) -> None:
        """Watch over clusters, or be one."""
        if options["cluster"]:
            run_cluster(options["cluster"])
            return
        asked, hurried = threading.Event(), threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: asked.set())
        signal.signal(signal.SIGINT, lambda *_: (hurried.set(), asked.set()))
        trouble = Watchdog(asked, hurried.is_set).keep()
        if trouble:
            raise CommandError(trouble)
