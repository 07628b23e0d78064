"""Puts a backup in the place of this installation's database."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ

from agents.events import LogLine
from agents.types import Level
from generations.backup import archive, manifest
from generations.backup.making import ENGINES
from generations.backup.manifest import Manifest
from generations.backup.processes import processes_of_the_site
from generations.errors import BackupError
from generations.events import append_events
from generations.leases import is_gone
from generations.ledger import lose_calls
from generations.models import MemoryEntry, Preview, Project, ProviderKey, Run, RunStatus, TryOut, WorkerGroup

# Further than any claim gets that a worker still holds from before.
FENCES = 1000
STOP = "Stop the site (web, worker, reaper, preview) first, then call this again."


def restore(source: Path, *, replace: bool) -> Manifest:
    """Check a backup and put it in this installation's place, up to date and with nobody at work. Raises BackupError.

    An installation that holds anything is only replaced when that is said. Until all is checked nothing is changed.
    """
    if not replace and _holds_anything():
        raise BackupError("This installation holds projects, people or keys. Add --replace to have the backup instead.")
    _check_stopped()
    try:
        with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as folder:
            dump = Path(folder) / archive.DATABASE
            told = archive.unpack(source, dump)
            manifest.check(told)
            ENGINES[connection.vendor].restore(dump, partial(_bring_up_to_date, told))
    except OSError as error:
        raise BackupError(f"The backup could not be restored: {error.strerror}.") from error
    return told


def _holds_anything() -> bool:
    if Project._meta.db_table not in connection.introspection.table_names():
        return False
    # The first administrator was made by the installation itself.
    held = Project.objects.exists() or ProviderKey.objects.exists() or MemoryEntry.objects.exists()
    return held or get_user_model().objects.count() > 1


def _check_stopped() -> None:
    """Raises BackupError while anybody works on the database, as far as can be seen from here."""
    others = processes_of_the_site()
    if others:
        raise BackupError(f"The site runs ({', '.join(others)}). {STOP}")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            cursor.execute(query)
            count = cursor.fetchone()[0]
        if count:
            raise BackupError(f"The database has {count} other connections. {STOP}")
    if Run._meta.db_table in connection.introspection.table_names():
        held = Run.objects.filter(status=RunStatus.RUNNING, lease_expires_at__gt=Now())
        workers = {owner for owner in held.values_list("lease_owner", flat=True) if not is_gone(owner)}
        if workers:
            raise BackupError(f"Workers hold runs ({', '.join(sorted(workers))}). {STOP}")


def _bring_up_to_date(told: Manifest) -> None:
    """Migrate a restored database and let what was going on in it go on from its last checkpoints."""
    call_command("migrate", interactive=False, verbosity=0)
    text = f"Restored from the backup of {told.made_at}; the run goes on from its last checkpoint."
    with transaction.atomic():
        # A worker that was forgotten somewhere writes nothing more, whatever it holds.
        Run.objects.update(fence=F("fence") + FENCES)
        for pk in list(Run.objects.filter(status=RunStatus.RUNNING).values_list("pk", flat=True)):
            Run.objects.move(
                pk, RunStatus.QUEUED, lease_owner="", lease_expires_at=None, queued_at=timezone.now(),
                attempts=F("attempts") - 1,
            )  # fmt: skip
            lose_calls(pk)
            append_events(pk, [LogLine(stage="", level=Level.WARNING, text=text)])
        # The vectors are not those of these entries; they are made again when they are first wanted.
        MemoryEntry.objects.update(indexed_by="")
        # What processes told of themselves, and what they held, is of another time.
        for model in (Preview, TryOut):
            model.objects.all().end(f"It ended with the backup of {told.made_at}.")
        WorkerGroup.objects.all().delete()
        # Who signed out since then is not signed in again, and no message is about what is there now.
        Session.objects.all().delete()
        OrmQ.objects.all().delete()
