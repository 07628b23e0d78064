"""The file of a backup: a compressed tar archive of the manifest and the database's copy."""

from __future__ import annotations

import os
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO

from generations.backup import manifest as manifests
from generations.backup.manifest import NO_BACKUP, Manifest
from generations.errors import BackupError

MANIFEST, DATABASE = "manifest.json", "database"
MAX_MANIFEST = 1 << 20
# Contents of files are compressed already.
LEVEL = 3


def pack(target: Path, manifest: Manifest, dump: Path) -> None:
    """Write a backup whole or not at all, for its owner's eyes only."""
    draft, note = target.with_name(f"{target.name}.part"), dump.with_name(MANIFEST)
    note.write_text(manifest.text(), encoding="utf-8")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=LEVEL) as archive:
                archive.add(note, MANIFEST)
                archive.add(dump, DATABASE)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def unpack(source: Path, dump: Path) -> Manifest:
    """Write the database's copy to ``dump``, checked against the manifest. Raises BackupError."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            manifest = manifests.read(_member(archive, MANIFEST).read(MAX_MANIFEST))
            with dump.open("xb") as stream:
                shutil.copyfileobj(_member(archive, DATABASE), stream, manifests.CHUNK)
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {source}.") from error
    except (tarfile.TarError, EOFError, zlib.error, IsADirectoryError) as error:
        raise BackupError(NO_BACKUP) from error
    if dump.stat().st_size != manifest.size or manifests.file_hash(dump) != manifest.sha256:
        raise BackupError("This backup is damaged: the database in it is not what was stored. Take another one.")
    return manifest


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        stream = archive.extractfile(name)
    except KeyError as error:
        raise BackupError(NO_BACKUP) from error
    if stream is None:
        raise BackupError(NO_BACKUP)
    return stream
