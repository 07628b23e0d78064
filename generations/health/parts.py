"""The parts that the site stands on, each with what was seen and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Mark, WorkerGroup
from generations.models.worker_group import HEARD_WITHIN
from generations.room import data_folders
from generations.sandbox_notice import reports_of_workers
from generations.text import size_in_words

VECTOR_SECONDS = 1.5
MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Part:
    """One part: whether it works, a sentence on what was seen, and one on what to do where it does not."""

    ok: bool
    detail: str
    remedy: str = ""


def database() -> Part:
    """The database takes a write."""
    try:
        with transaction.atomic():
            Mark.objects.update_or_create(name="health", defaults={"at": Now()})
    except Error as error:
        remedy = "See that the database runs, that its disk has room, and that this user may write to it."
        return Part(ok=False, detail=f"It takes no write: {error}", remedy=remedy)
    return Part(ok=True, detail=f"{connection.display_name} takes writes.")


def queue() -> Part:
    """Some worker group took what was in the queue lately, or has no worker that is free for it."""
    groups = list(WorkerGroup.objects.heard_within().filter(draining=False))
    remedy = "See the worker's log; 'make run' or 'python3 manage.py run_worker' starts one."
    if not groups:
        return Part(ok=False, detail="No worker is there: nothing was heard of any for a minute.", remedy=remedy)
    answers = [group.answered_at for group in groups if group.answered_at is not None]
    if all(group.busy >= group.workers for group in groups):
        return Part(ok=True, detail="All workers are busy with runs.")
    if not answers:
        return Part(ok=False, detail="The workers have not answered yet.", remedy=remedy)
    silent = timezone.now() - max(answers)
    some_busy = any(group.busy >= group.workers for group in groups)
    fresh = some_busy or silent <= timedelta(seconds=settings.CANARY_STALE_SECONDS)
    return Part(fresh, f"A worker last answered {ago(max(answers))}.", "" if fresh else remedy)


def sandbox() -> Part:
    """Code of some run could be run on some worker's machine now."""
    reports = reports_of_workers()
    if not reports:
        return Part(
            ok=False,
            detail="No worker has told of its sandbox.",
            remedy="Start a worker: it says half a minute later at the latest what it can use.",
        )
    usable = [report for report in reports if report["available"]]
    if usable:
        names = ", ".join(sorted({f"{report['name']}: {report['detail']}" for report in usable}))
        return Part(ok=True, detail=names)
    details = " ".join(dict.fromkeys(f"{report['name']}: {report['detail']}" for report in reports))
    remedies = " ".join(dict.fromkeys(report["remedy"] for report in reports if report["remedy"]))
    return Part(ok=False, detail=details, remedy=f"{remedies} Runs wait until then.".strip())


def vectors() -> Part:
    """The vector store answers."""
    address = urlsplit(settings.CHROMA_URL)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    remedy = "See that it runs and that CHROMA_URL names it. Runs go on without memory until then."
    try:
        link = kind(address.hostname or "", address.port, timeout=VECTOR_SECONDS)
        try:
            link.request("GET", f"{address.path.rstrip('/')}/api/v2/heartbeat")
            status = link.getresponse().status
        finally:
            link.close()
    except (OSError, HTTPException, ValueError) as error:
        return Part(ok=False, detail=f"It does not answer: {error}.", remedy=remedy)
    if status != 200:
        return Part(ok=False, detail=f"It answers with status {status}.", remedy=remedy)
    return Part(ok=True, detail="It answers.")


def disk() -> Part:
    """There is room for what runs make."""
    free = min(shutil.disk_usage(folder).free for folder in data_folders())
    detail = f"{size_in_words(free)} are free where the site's data are."
    if free < settings.FREE_DISK_MB * MEGABYTE:
        return Part(
            ok=False,
            detail=f"{detail} FREE_DISK_MB asks for {size_in_words(settings.FREE_DISK_MB * MEGABYTE)}.",
            remedy="Make room: delete projects, lower the KEEP_ settings, empty packages/ in AUTOCODER_VAR_DIR.",
        )
    return Part(ok=True, detail=detail)


def reaper() -> Part:
    """Somebody brings lost runs back."""
    mark = Mark.objects.filter(name="reaper").first()
    if mark is None or timezone.now() - mark.at > HEARD_WITHIN:
        seen = "It has never gone round." if mark is None else f"It last went round {ago(mark.at)}."
        remedy = "'python3 manage.py recover_runs --forever' starts it; 'make run' does too."
        return Part(ok=False, detail=seen, remedy=remedy)
    return Part(ok=True, detail=f"It last went round {ago(mark.at)}.")


def ago(moment: datetime) -> str:
    """How long ago something was, in the largest unit that fits."""
    seconds = max(0.0, (timezone.now() - moment).total_seconds())
    sizes = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    unit, size = next(((unit, size) for unit, size in sizes if seconds >= size), ("second", 1))
    count = int(seconds // size)
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


# What the site needs to be ready. The reaper is only shown: nothing is lost without it.
READINESS: dict[str, Callable[[], Part]] = {
    "database": database,
    "queue": queue,
    "sandbox": sandbox,
    "vectors": vectors,
    "disk": disk,
}
