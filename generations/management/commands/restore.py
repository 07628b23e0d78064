"""Put a backup in this installation's place. Stop the site first."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from generations.backup.restoring import restore
from generations.errors import BackupError
from generations.models import Project, Run
from generations.stored_keys import check_stored_keys


class Command(BaseCommand):
    """An older backup is brought up to date; a newer one, and one of another kind of database, is refused."""

    help = __doc__
    # What is wrong with the database that is there must not keep it from being replaced.
    requires_system_checks = []

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
        for problem in check_stored_keys():
            self.stderr.write(f"{problem.msg} {problem.hint}")
