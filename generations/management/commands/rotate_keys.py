"""Encrypt all stored provider keys and kept answers anew with the first of ENCRYPTION_KEYS."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from generations.errors import KeyUnreadable
from generations.rotation import forget_unreadable, rotate


class Command(BaseCommand):
    """After it, the older keys can be taken out of ENCRYPTION_KEYS. Runs may go on meanwhile; it may be interrupted."""

    help = __doc__
    # It is what mends an installation that the checks refuse.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--forget-unreadable``."""
        parser.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="first delete the provider keys that none of ENCRYPTION_KEYS opens; they have to be entered again",
        )

    def handle(self, *_args: object, **options: object) -> None:
        """Rotate all keys or none, then the answers."""
        if options["forget_unreadable"]:
            self.stdout.write(f"Deleted {forget_unreadable()} keys that cannot be decrypted.")
        try:
            done = rotate()
        except KeyUnreadable as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        said = f"Encrypted {done.keys} keys and {done.answers} kept answers with the first of ENCRYPTION_KEYS"
        if done.again:
            raise CommandError(
                f"{said}. Meanwhile {done.again} more were stored by processes that do not have it as their first: "
                "restart those, and run this once more before you take the others out."
            )
        self.stdout.write(f"{said}; the others are not needed now.")
