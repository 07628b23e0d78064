"""Makes a backup while the site runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from generations.backup import archive, manifest, postgresql, sqlite
from generations.errors import BackupError

ENGINES = {"sqlite": sqlite, "postgresql": postgresql}


def make(place: Path) -> Path:
    """Write a backup to a new file, or below a folder under a name with the time. Raises BackupError."""
    target = place / f"autocoder-{timezone.now():%Y%m%d-%H%M%S}.tar.gz" if place.is_dir() else place
    if target.exists():
        raise BackupError(f"{target} is there already; name another file.")
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}; make it first.")
    try:
        with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as folder:
            dump = Path(folder) / archive.DATABASE
            ENGINES[connection.vendor].dump(dump)
            archive.pack(target, manifest.describe(dump), dump)
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error.strerror}.") from error
    return target


def write_keys(path: Path) -> None:
    """Write the keys that a backup needs to a new file that only this user can read. Raises BackupError."""
    lines = [f"SECRET_KEY={settings.SECRET_KEY}", f"ENCRYPTION_KEYS={','.join(settings.ENCRYPTION_KEYS)}"]
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write("\n".join(lines) + "\n")
    except FileExistsError as error:
        raise BackupError(f"{path} is there already; name another file.") from error
    except OSError as error:
        raise BackupError(f"The keys could not be written: {error.strerror}.") from error
