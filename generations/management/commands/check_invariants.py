"""Check the database for what must never happen: gaps, leases without workers, damaged checkpoints, wrong sums."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from generations.invariants import CHECKS, violations


class Command(BaseCommand):
    """Prints what it finds, a line each; exits with 1 when there is anything. The site may be running."""

    help = __doc__

    def handle(self, *_args: object, **_options: object) -> None:
        """Look at everything."""
        found = violations()
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"{len(found)} violation{'s were' if len(found) > 1 else ' was'} found; see above.")
        self.stdout.write(f"All {len(CHECKS)} invariants hold.")
