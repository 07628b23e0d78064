"""Removes what is over its time and what nothing needs any more, a little at a time: no writer waits long for it."""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet, Sum, TextField
from django.db.models.functions import Cast, Length
from django.utils import timezone

from agents.types import StageName
from generations import retention
from generations.memory_store import forget_orphans
from generations.models import Artifact, Blob, Checkpoint, Preview, Run, RunEvent, TryOut
from generations.models.artifact import BlobQuerySet

logger = logging.getLogger(__name__)

# So many rows are removed in one transaction; then writers have the database for themselves for a while.
BATCH = 500
PAUSE_SECONDS = 0.05
# A content may be stored before what holds it, and a folder be in use by a process that runs.
GRACE = timedelta(hours=1)
WHOLE: dict[str, Callable[[], QuerySet]] = {
    "replies": retention.old_replies,
    "previews": partial(retention.old_previews, Preview),
    "tries": partial(retention.old_previews, TryOut),
    "sessions": retention.old_sessions,
}
PLACES = ("*", "models/*", "packages/*", "packages/*/*")
TEMPORARY = re.compile(r"tmp[a-z0-9_]{8}|.*\.part")


@dataclass
class Collected:
    """What was removed, or would be. Bytes are those of texts and packed contents, not of the database's file."""

    lines: int = 0
    calls: int = 0
    replies: int = 0
    previews: int = 0
    tries: int = 0
    sessions: int = 0
    checkpoints: int = 0
    contents: int = 0
    vectors: int = 0
    files: int = 0
    bytes: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to do."""
        return not any(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        return (
            f"{self.lines} lines of logs, the texts of {self.calls} model calls, {self.replies} kept answers, "
            f"{self.previews} previews, {self.tries} tries, {self.sessions} sessions, "
            f"the files of {self.checkpoints} checkpoints, {self.contents} contents, {self.vectors} vectors, "
            f"{self.files} temporary files; {self.bytes} bytes in all"
        )


def collect(*, pause: float = PAUSE_SECONDS, ended: threading.Event | None = None) -> Collected:
    """One round over everything; ``ended`` breaks it off between two batches. Safe beside everything else."""
    done, ended = Collected(), ended or threading.Event()
    for step in (_lines, _calls, _rows, _attempts, _artifacts, _contents):
        for _ in step(done):
            if ended.wait(pause):
                return done
    done.vectors, done.files = forget_orphans(), _files(done)
    return done


def estimate() -> Collected:
    """What a round would remove. Vectors are not counted, and of contents only those that nothing holds already."""
    found = Collected()
    for run in retention.runs_with_old_lines():
        found.lines += retention.old_lines(run).count()
        found.bytes += _text_bytes(retention.old_lines(run), "payload")
    found.calls = retention.old_calls().count()
    found.bytes += _text_bytes(retention.old_calls(), "request") + _text_bytes(retention.old_calls(), "reply")
    for name, old in WHOLE.items():
        setattr(found, name, old().count())
    found.checkpoints = sum(retention.old_checkpoints(run).count() for run in retention.runs_with_old_attempts())
    found.contents = _unused().count()
    found.bytes += _unused().packed_bytes()
    found.files = _files(found, remove=False)
    return found


def collect_now_and_then(ended: threading.Event, *, first: float = 60.0, every: float = 3600.0) -> None:
    """Rounds until ``ended``, for a thread of its own; what fails is logged and tried again in the next."""
    wait = first
    while not ended.wait(wait):
        wait = every
        try:
            done = collect(ended=ended)
            if not done.is_empty:
                logger.info("Removed %s", done)
        except (OSError, DatabaseError):
            logger.exception("This collection failed; the next one tries again")
        finally:
            connection.close()


def _lines(done: Collected) -> Iterator[None]:
    for pk in list(retention.runs_with_old_lines().order_by().values_list("pk", flat=True)):
        while True:
            with transaction.atomic():
                # The run's row is held: it is not set off again in the middle of this.
                run = retention.runs_with_old_lines().select_for_update(of=("self",)).filter(pk=pk).first()
                rows = [] if run is None else list(retention.old_lines(run).values_list("pk", flat=True)[:BATCH])
                events = RunEvent.objects.filter(pk__in=rows)
                done.bytes += _text_bytes(events, "payload")
                done.lines += events.delete()[0]
            yield
            if len(rows) < BATCH:
                break


def _calls(done: Collected) -> Iterator[None]:
    def remove() -> int:
        rows = retention.old_calls().filter(pk__in=list(retention.old_calls().values_list("pk", flat=True)[:BATCH]))
        size = _text_bytes(rows, "request") + _text_bytes(rows, "reply")
        count = rows.update(request=[], reply="")
        done.calls, done.bytes = done.calls + count, done.bytes + size
        return count

    return _batches(remove)


def _rows(done: Collected) -> Iterator[None]:
    """Rows that go whole: kept answers, tries, and sessions that are over."""
    for name, old in WHOLE.items():
        yield from _batches(partial(_delete, done, name, old))


def _delete(done: Collected, name: str, old: Callable[[], QuerySet]) -> int:
    rows = list(old().order_by("pk").values_list("pk", flat=True)[:BATCH])
    count = old().filter(pk__in=rows).delete()[0]
    setattr(done, name, getattr(done, name) + count)
    return count


def _attempts(done: Collected) -> Iterator[None]:
    """Mark checkpoints of old attempts as emptied; nobody begins from one any more. The verdict's evidence stays."""
    for pk in list(retention.runs_with_old_attempts().order_by().values_list("pk", flat=True)):
        with transaction.atomic():
            run = Run.objects.select_for_update(of=("self",)).filter(pk=pk).first()
            if run is not None:
                marked = list(retention.old_checkpoints(run).values_list("pk", flat=True))
                rows = Checkpoint.objects.filter(pk__in=marked)
                done.checkpoints += rows.update(emptied_at=timezone.now())
                rows.exclude(stage=StageName.EXECUTION).update(state=None)
        yield


def _artifacts(done: Collected) -> Iterator[None]:
    """Take the files of emptied checkpoints away, with the contents that only they held."""

    def remove() -> int:
        rows = list(Artifact.objects.filter(checkpoint__emptied_at__isnull=False).order_by("pk")[:BATCH])
        Artifact.objects.filter(pk__in=[row.pk for row in rows]).delete()
        _count(done, Blob.objects.sweep({row.blob_id for row in rows}))
        return len(rows)

    return _batches(remove)


def _contents(done: Collected) -> Iterator[None]:
    """Remove contents that nothing holds."""

    def remove() -> int:
        swept = Blob.objects.sweep(list(_unused().order_by("pk").values_list("pk", flat=True)[:BATCH]))
        _count(done, swept)
        return swept[0]

    return _batches(remove)


def _count(done: Collected, swept: tuple[int, int]) -> None:
    done.contents, done.bytes = done.contents + swept[0], done.bytes + swept[1]


def _batches(remove: Callable[[], int]) -> Iterator[None]:
    """One transaction after the other, until there is nothing left."""
    while True:
        with transaction.atomic():
            count = remove()
        yield
        if not count:
            return


def _unused() -> BlobQuerySet:
    return Blob.objects.filter(created_at__lt=timezone.now() - GRACE).unused()


def _text_bytes(rows: QuerySet, field: str) -> int:
    return rows.order_by().aggregate(size=Sum(Length(Cast(field, TextField()))))["size"] or 0


def _files(done: Collected, *, remove: bool = True) -> int:
    """Temporary files and folders that processes left which were killed; gives how many."""
    count, limit = 0, time.time() - GRACE.total_seconds()
    for path in [one for pattern in PLACES for one in Path(settings.VAR_DIR).glob(pattern)]:
        if not TEMPORARY.fullmatch(path.name) or path.lstat().st_mtime > limit:
            continue
        count += 1
        done.bytes += _size(path)
        if remove:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return count


def _size(path: Path) -> int:
    parts = (path, *path.rglob("*")) if path.is_dir() and not path.is_symlink() else (path,)
    return sum(part.lstat().st_size for part in parts)
