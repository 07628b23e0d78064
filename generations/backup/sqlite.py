"""Copies of an SQLite database: taken while it is written to, and put in its place in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import DatabaseError, connection

from agents.faults import fault
from generations.errors import BackupError

PAGES_A_STEP = 32
SECONDS = 20.0


def dump(target: Path) -> None:
    """Copy the database as it is at one moment; who writes to it meanwhile is not held up."""
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        # All pages in one step: it reads from one snapshot. Several steps would begin again after each write.
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        _check(copy)


def restore(copy: Path, prepare: Callable[[], None]) -> None:
    """Have ``prepare`` bring the copy up to date, then put it in the database's place. Raises BackupError.

    Until the very last step the database is what it was, however this ends.
    """
    with closing(sqlite3.connect(copy)) as source:
        _check(source)
    try:
        with connected_to(copy):
            prepare()
    except DatabaseError as error:
        raise BackupError(f"The database in the backup could not be brought up to date ({error}).") from error
    connection.close()
    with closing(sqlite3.connect(copy)) as source, closing(_alone(connection.settings_dict["NAME"])) as target:
        # One transaction of the database itself: no file is exchanged under the feet of a process that has it open.
        source.backup(target, pages=PAGES_A_STEP, progress=lambda *_: fault("database_restored"))


def _alone(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=SECONDS)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("BEGIN EXCLUSIVE")
        database.rollback()
    except sqlite3.OperationalError as error:
        database.close()
        raise BackupError("Another process writes to the database. Stop the site first.") from error
    return database


def _check(database: sqlite3.Connection) -> None:
    try:
        found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"The copy of the database is damaged ({found}).")


@contextmanager
def connected_to(path: Path) -> Iterator[None]:
    """Have this process work on another file: migrations and models know the default connection only."""
    place = connection.settings_dict
    before = place["NAME"]
    connection.close()
    place["NAME"] = str(path)
    try:
        yield
    finally:
        # The log of writes goes into the file itself.
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        place["NAME"] = before
