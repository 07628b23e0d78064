"""Remove what is over its time (KEEP_LOGS_DAYS and the like) and what nothing needs any more."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from generations.garbage import collect, estimate


class Command(BaseCommand):
    """Says what it did. The site may be running; the reaper does the same once an hour."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--dry-run``."""
        parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")

    def handle(self, *_args: object, **options: object) -> None:
        """Collect or count."""
        done = estimate() if options["dry_run"] else collect()
        word = "Would remove" if options["dry_run"] else "Removed"
        self.stdout.write("There is nothing to remove." if done.is_empty else f"{word} {done}.")
