"""Encrypt all stored provider keys anew with the first of ENCRYPTION_KEYS."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from generations.errors import KeyUnreadable
from generations.keys import rotate_keys


class Command(BaseCommand):
    """After it, the older keys can be taken out of ENCRYPTION_KEYS."""

    help = __doc__

    def handle(self, *_args: object, **_options: object) -> None:
        """Rotate all keys or none."""
        try:
            count = rotate_keys()
        except KeyUnreadable as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        self.stdout.write(f"Encrypted {count} keys with the first of ENCRYPTION_KEYS; the others are not needed now.")
