"""What a backup says about itself, and whether this installation can take it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from generations.errors import BackupError

FORMAT = 1
NO_BACKUP = "This file is no backup of Autocoder, or only a part of one."
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """``sha256`` and ``size`` are those of the database's copy."""

    format: int
    version: str
    made_at: str
    engine: str
    migrations: tuple[str, ...]
    sha256: str
    size: int

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), indent=2) + "\n"


def describe(dump: Path) -> Manifest:
    """The manifest of a copy of the database that the default connection leads to."""
    return Manifest(
        format=FORMAT,
        version=version(),
        made_at=timezone.now().isoformat(timespec="seconds"),
        engine=connection.vendor,
        migrations=tuple(
            sorted(f"{app}.{name}" for app, name in MigrationExecutor(connection).loader.applied_migrations)
        ),
        sha256=file_hash(dump),
        size=dump.stat().st_size,
    )


def read(text: bytes) -> Manifest:
    """The manifest in a backup. Raises BackupError for none, or one of a later format."""
    try:
        told = json.loads(text)
        number = int(told["format"])
        if number == FORMAT:
            known = {field.name: told[field.name] for field in fields(Manifest)}
            return Manifest(**{**known, "migrations": tuple(map(str, told["migrations"]))})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BackupError(NO_BACKUP) from error
    raise BackupError(
        f"This backup has the format {number}; this version of Autocoder knows {FORMAT}. Update it first."
    )


def check(manifest: Manifest) -> None:
    """Raises BackupError for what this installation cannot take."""
    if manifest.engine != connection.vendor:
        raise BackupError(
            f"This is a backup of a database of the kind '{manifest.engine}', but DATABASE_URL names one of the kind "
            f"'{connection.vendor}'. Restore it to one of its own kind."
        )
    known = {f"{app}.{name}" for app, name in MigrationExecutor(connection).loader.disk_migrations}
    newer = sorted(set(manifest.migrations) - known)
    if newer:
        raise BackupError(
            f"This backup was made by a newer version of Autocoder ({manifest.version}); this one ({version()}) does "
            f"not know its database ({newer[-1]}). Update it first."
        )


def version() -> str:
    """The version of this code."""
    document = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(document["project"]["version"])


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
