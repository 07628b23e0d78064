"""Put a backup in this installation's place. Stop the site first."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from generations.backup.manifest import has_other_keys
from generations.backup.restoring import restore
from generations.errors import BackupError
from generations.models import Project, Run

OTHER_KEYS = (
    "The backup was made with other ENCRYPTION_KEYS than this installation has: stored provider keys cannot be opened. "
    "Put the old ones into .env (--with-keys wrote them), after a comma, or enter the provider keys again."
)


class Command(BaseCommand):
    """An older backup is brought up to date; a newer one, and one of another kind of database, is refused."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="also where there is something already; it is lost")

    def handle(self, *_args: object, **options: object) -> None:
        """Restore all or nothing."""
        try:
            told = restore(Path(str(options["file"])), replace=bool(options["replace"]))
        except BackupError as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        runs, projects = Run.objects.count(), Project.objects.count()
        self.stdout.write(f"Restored {projects} projects with {runs} runs as they were at {told.made_at}.")
        self.stdout.write("Start the site; everybody signs in again, and runs go on from their last checkpoints.")
        if has_other_keys(told):
            self.stderr.write(OTHER_KEYS)
