"""Make the vector index of everybody's memory again from the database."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from agents.errors import MemoryUnavailable
from generations.memory_store import OwnerMemory


class Command(BaseCommand):
    """For a lost or damaged vector store."""

    help = __doc__

    def handle(self, *_args: object, **_options: object) -> None:
        """Rebuild owner by owner."""
        owners = get_user_model().objects.filter(memory_entries__isnull=False).distinct()
        try:
            counts = [OwnerMemory(owner).rebuild() for owner in owners]
        except MemoryUnavailable as error:
            raise CommandError(f"{error} Start the vector store and call this again.") from error
        self.stdout.write(f"Indexed {sum(counts)} entries of {len(counts)} owners.")
