"""Outages of what the site stands on: the disk and the database. They end a run no more than a pause would."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection

LEAST_ROOM = 16 * 1024 * 1024
DISK_FULL = "There is no room left on the disk. Free some, and the run goes on by itself."
DATABASE_AWAY = "The database took nothing for a while. The run goes on by itself when it does again."


def outage_of(error: BaseException) -> str:
    """The sentence for an error that only says that disk or database are not there; '' for any other."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    if isinstance(error, OperationalError):
        return DISK_FULL if "full" in str(error) or not has_room() else DATABASE_AWAY
    return ""


def has_room() -> bool:
    """Whether a run could write what it makes: in the data folder, and beside a database in a file."""
    return all(shutil.disk_usage(folder).free >= LEAST_ROOM for folder in data_folders())


def data_folders() -> set[Path]:
    """Where what a run makes is written: the data folder, and that of a database in a file."""
    folders = {Path(settings.VAR_DIR)}
    if connection.vendor == "sqlite":
        folders.add(Path(connection.settings_dict["NAME"]).parent)
    return folders
