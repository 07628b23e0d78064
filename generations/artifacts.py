"""Files of checkpoints: stored once by content, listed, compared, packed and written out."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from typing_extensions import Buffer

from agents.faults import fault
from agents.paths import safe_relpath
from agents.types import SourceFile
from generations.errors import OutputRefused
from generations.models import Artifact, Blob, Checkpoint, CheckpointStatus, Run

# Older zip programs refuse dates before 1980; a fixed one makes equal trees equal archives.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
MARKER = ".autocoder-run"
WITH_FILES = (CheckpointStatus.SUCCEEDED, CheckpointStatus.PARTIAL)


@dataclass(frozen=True, slots=True)
class TreeDiff:
    """Paths that differ between two trees, each sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def store_tree(checkpoint: Checkpoint, files: Iterable[SourceFile]) -> None:
    """Attach a whole tree to a stored checkpoint; contents that are known already cost nothing."""
    hashed = [(hashlib.sha256(file.content).hexdigest(), file) for file in files]
    with transaction.atomic():
        Blob.objects.store({sha: file.content for sha, file in hashed})
        fault("files_staged")
        rows = (Artifact(checkpoint=checkpoint, path=f.path, mode=f.mode, blob_id=sha) for sha, f in hashed)
        Artifact.objects.bulk_create(rows, batch_size=500)


def newest_with_files(run: Run) -> Checkpoint | None:
    """The checkpoint whose files are the run's at the moment."""
    rows = run.checkpoints.filter(status__in=WITH_FILES).exclude(tree="")
    return rows.order_by("-number").first()


def tree(run: Run) -> QuerySet[Artifact]:
    """The newest files of a run, by path, without their contents; empty before the first stage that writes some."""
    return tree_of(newest_with_files(run))


def tree_of(checkpoint: Checkpoint | None) -> QuerySet[Artifact]:
    """The files of one checkpoint, by path, without their contents (``blob.size`` is there)."""
    if checkpoint is None:
        return Artifact.objects.none()
    return checkpoint.artifacts.select_related("blob").defer("blob__packed").order_by("path")


def file(run: Run, path: str) -> Artifact:
    """One of the newest files with its content; raises Http404."""
    rows = Artifact.objects.filter(checkpoint=newest_with_files(run)).select_related("blob")
    return get_object_or_404(rows, path=path)


def diff(old: Checkpoint | None, new: Checkpoint | None) -> TreeDiff:
    """What was added, removed and changed (content or mode) from one checkpoint to another."""
    before, after = _signatures(old), _signatures(new)
    return TreeDiff(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(path for path in before.keys() & after.keys() if before[path] != after[path])),
    )


def zip_chunks(run: Run) -> Iterator[bytes]:
    """The newest files of a run as a zip archive."""
    return _zipped(run.project.slug, tree(run))


def zip_of(checkpoint: Checkpoint) -> Iterator[bytes]:
    """A checkpoint's files as a zip archive."""
    return _zipped(checkpoint.run.project.slug, tree_of(checkpoint))


def _zipped(slug: str, files: QuerySet[Artifact]) -> Iterator[bytes]:
    """Files below one folder, in chunks; one file at a time is in memory."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for artifact in files:
            entry = zipfile.ZipInfo(f"{slug}/{safe_relpath(artifact.path)}", ZIP_TIME)
            entry.create_system = 3  # Unix, so that the mode bits count
            entry.external_attr = (stat.S_IFREG | artifact.mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, Blob.objects.get(pk=artifact.blob_id).content())
            yield pipe.take()
    yield pipe.take()


def write_to(run: Run, folder: Path) -> list[Path]:
    """Write the newest files of a run below a folder and give their paths.

    A folder that holds anything is refused unless an earlier call wrote it for the same project;
    then the files of that call that are gone from the tree are removed. Raises OutputRefused.
    """
    earlier = _earlier_files(run, folder)
    files = [row.source_file() for row in tree(run).defer(None)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in set(earlier) - {file.path for file in files}:
            _inside(folder, path).unlink(missing_ok=True)
        written = [_write(folder, file) for file in files]
        lines = [str(run.project_id), *(file.path for file in files)]
        (folder / MARKER).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputRefused(f"The files could not be written to {folder}: {error.strerror}.") from error
    return written


class _Pipe(io.RawIOBase):
    """A stream that cannot seek; what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, chunk: Buffer) -> int:
        """Keep a piece until it is taken."""
        before = len(self._waiting)
        self._waiting += chunk
        return len(self._waiting) - before

    def take(self) -> bytes:
        """Everything written since the last call."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def _signatures(checkpoint: Checkpoint | None) -> dict[str, tuple[int, str]]:
    return {row.path: (row.mode, row.blob_id) for row in Artifact.objects.filter(checkpoint=checkpoint)}


def _earlier_files(run: Run, folder: Path) -> list[str]:
    """What an earlier call wrote here for this project; raises OutputRefused for a folder that is not ours."""
    if folder.exists() and not folder.is_dir():
        raise OutputRefused(f"{folder} is a file; name a folder.")
    if not folder.exists() or not any(folder.iterdir()):
        return []
    marker = folder / MARKER
    lines = marker.read_text(encoding="utf-8").splitlines() if marker.is_file() else []
    if lines[:1] != [str(run.project_id)]:
        raise OutputRefused(f"{folder} holds other files; name a new or an empty folder.")
    return lines[1:]


def _inside(folder: Path, path: str) -> Path:
    """The place of a relative path below a folder; raises OutputRefused if a link leads out of it."""
    target = folder / safe_relpath(path)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise OutputRefused(f"A link in {folder} leads out of it; name a new folder.")
    return target


def _write(folder: Path, file: SourceFile) -> Path:
    """Write a file whole or not at all: what stood there stays until the new content is on the disk."""
    target = _inside(folder, file.path)
    if target.is_symlink():
        raise OutputRefused(f"{target} is a link; name a new folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{uuid.uuid4().hex[:8]}.part")
    try:
        with draft.open("xb") as stream:
            stream.write(file.content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(file.mode)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target
