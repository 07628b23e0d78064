"""Copies of a PostgreSQL database, by its own programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from generations.errors import BackupError

LOCK_SECONDS = 20


def dump(target: Path) -> None:
    """Copy the database as it is at one moment, while it is used."""
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def restore(copy: Path, prepare: Callable[[], None]) -> None:
    """Put the copy in the database's place in one transaction, then have ``prepare`` bring it up to date.

    Raises BackupError; then the database is what it was.
    """
    script = copy.with_name("script.sql")
    _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy))
    quote = connection.ops.quote_name
    drops = [f"DROP TABLE IF EXISTS {quote(name)} CASCADE;" for name in connection.introspection.table_names()]
    connection.close()
    before = f"SET lock_timeout = '{LOCK_SECONDS}s'; {' '.join(drops)}"
    options = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--single-transaction")
    _run("psql", *options, f"--command={before}", f"--file={script}")
    prepare()


def _run(name: str, *words: str) -> None:
    program = _program(name)
    place = connection.settings_dict
    known = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = {variable: str(place[field]) for variable, field in known.items() if place[field]}
    if "sslmode" in place.get("OPTIONS", {}):
        environment["PGSSLMODE"] = place["OPTIONS"]["sslmode"]
    done = subprocess.run([program, *words], env={**os.environ, **environment}, capture_output=True, check=False)
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise BackupError(f"{name} could not do it. It said: {told[-1].removesuffix('.')}.")


def _program(name: str) -> str:
    """Where a program of PostgreSQL is: on the path, or where Debian keeps those of each version."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = shutil.which(name) or (str(newest[-1]) if newest else None)
    if found is None:
        raise BackupError(
            f"{name} is not installed. Install PostgreSQL's client programs, of the server's version or a later one, "
            "or use those on the database's own machine; docs/operations.md shows how."
        )
    return found
