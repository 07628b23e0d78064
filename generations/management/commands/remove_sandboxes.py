"""Remove this installation's sandboxes whose worker is gone."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from generations.recovery import remove_orphaned_sandboxes


class Command(BaseCommand):
    """Called when everything else has ended; quiet when there is nothing to do."""

    help = __doc__

    def handle(self, *_args: object, **_options: object) -> None:
        """Remove them."""
        count = remove_orphaned_sandboxes()
        if count:
            self.stdout.write(f"Removed {count} sandboxes.")
