"""Write a backup of everything (users, projects, runs, files, logs, memory) to one file; the site may be running."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models.functions import Now

from generations.backup.making import make, write_keys
from generations.errors import BackupError
from generations.models import Mark
from generations.text import size_in_words


class Command(BaseCommand):
    """SECRET_KEY and ENCRYPTION_KEYS are not in it: whoever gets the file cannot open the provider keys in it."""

    help = __doc__
    # Also what is not in order can be worth keeping.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the place, and where the keys go."""
        parser.add_argument("place", type=Path, help="a new file, or a folder, where the name gets the time")
        parser.add_argument("--with-keys", type=Path, metavar="FILE", help="write the keys to another new file")

    def handle(self, *_args: object, **options: object) -> None:
        """Make the backup, then the file of keys."""
        try:
            target = make(Path(str(options["place"])))
            if options["with_keys"] is not None:
                write_keys(Path(str(options["with_keys"])))
        except BackupError as error:
            raise CommandError(str(error)) from error
        # A database of an earlier version has no place for it yet.
        with suppress(DatabaseError):
            Mark.objects.update_or_create(name="backup", defaults={"at": Now()})
        self.stdout.write(f"Wrote {target} ({size_in_words(target.stat().st_size)}).")
        if options["with_keys"] is None:
            self.stdout.write("SECRET_KEY and ENCRYPTION_KEYS of .env are not in it; keep them apart from it.")
        else:
            self.stdout.write(f"Wrote the keys to {options['with_keys']}; keep them apart from the backup.")
