"""What administrators are shown of the site's health, beside whether it is ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Min
from django.utils.dateparse import parse_datetime
from django_q.models import OrmQ

from agents.languages import TOOLCHAINS
from agents.sandboxes.images import BROWSER
from agents.types import Awaited
from generations.health import parts
from generations.health.board import board
from generations.health.parts import Part
from generations.models import Blob, Mark, Run, RunStatus, WorkerGroup

# Sizes are summed over whole tables.
STORAGE_SECONDS = 60
TITLES = {
    "database": "Database",
    "queue": "Queue and workers",
    "sandbox": "Sandbox",
    "vectors": "Vector store",
    "disk": "Disk",
    "reaper": "Reaper",
}
REASONS = {
    "": "something that is tried again by itself",
    Awaited.SANDBOX: "a sandbox",
    Awaited.RATE: "the limit of a key to let another call through",
    Awaited.PROVIDER: "a model's endpoint that is down",
    Awaited.STORAGE: "the disk or the database",
    Awaited.ALLOWANCE: "the next day's allowance, or a higher one",
    Awaited.BUDGET: "its person to raise the budget",
    Awaited.CREDIT: "credit at a provider",
}


@dataclass(frozen=True)
class ShownPart:
    """A part with its title."""

    title: str
    part: Part


@dataclass(frozen=True)
class ShownSandbox:
    """What one worker's machine can run code in, and what it lacks."""

    machine: str
    name: str
    available: bool
    detail: str
    remedy: str
    tested: datetime | None
    differences: list[str]
    missing: list[str]
    without_browser: list[str]
    command: str


def health_context() -> dict[str, object]:
    """All that the page shows."""
    read = board().read()
    shown = [ShownPart(TITLES[name], part) for name, part in read.items()]
    ready = all(part.ok for part in read.values())
    if not read["database"].ok:
        return {"ready": ready, "parts": shown, "database_away": True}
    shown.append(ShownPart(TITLES["reaper"], parts.reaper()))
    groups = list(WorkerGroup.objects.heard_within())
    return {
        "ready": ready,
        "parts": shown,
        "groups": groups,
        "sandboxes": [one for group in groups for one in _sandboxes(group)],
        "backup": Mark.objects.filter(name="backup").first(),
        **_work(),
        **cache.get_or_set("health-storage", _storage, STORAGE_SECONDS),
    }


def _work() -> dict[str, object]:
    """What waits, and for what."""
    states = Run.objects.filter(status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    counts = dict(states.order_by().values_list("status").annotate(count=Count("pk")))
    waiting = Run.objects.filter(status__in=(RunStatus.WAITING, RunStatus.PAUSED)).order_by()
    reasons = waiting.values("status", "waits_for").annotate(count=Count("pk")).order_by("-count")
    return {
        "queue_length": OrmQ.objects.count(),
        "queued": counts.get(RunStatus.QUEUED, 0),
        "oldest_queued": Run.objects.filter(status=RunStatus.QUEUED).aggregate(oldest=Min("queued_at"))["oldest"],
        "running": counts.get(RunStatus.RUNNING, 0),
        "stale_leases": Run.objects.expired().count(),
        "waiting": [(one["status"], _reason(one), one["count"]) for one in reasons],
    }


def _reason(row: dict[str, str]) -> str:
    if row["status"] == RunStatus.PAUSED and not row["waits_for"]:
        return "its person"
    return REASONS.get(row["waits_for"], row["waits_for"])


def _storage() -> dict[str, object]:
    return {"database_bytes": _database_bytes(), "blob_bytes": Blob.objects.all().packed_bytes()}


def _database_bytes() -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    path = str(connection.settings_dict["NAME"])
    files = (Path(path + end) for end in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.exists())


def _sandboxes(group: WorkerGroup) -> list[ShownSandbox]:
    told = group.sandbox or {"reports": [], "missing": []}
    missing = [key for key, chain in TOOLCHAINS.items() if chain.image in told["missing"]]
    without_browser = [key for key, chain in TOOLCHAINS.items() if f"{chain.image}{BROWSER}" in told["missing"]]
    wanted = sorted({*missing, *without_browser})
    command = f"python3 manage.py build_images {' '.join(wanted)}" if wanted else ""
    return [
        ShownSandbox(
            machine=group.machine,
            name=report["name"],
            available=report["available"],
            detail=report["detail"],
            remedy=report["remedy"],
            tested=parse_datetime(report["tested"]) if report["tested"] else None,
            differences=report["differences"],
            missing=[TOOLCHAINS[key].label for key in missing],
            without_browser=[TOOLCHAINS[key].label for key in without_browser],
            command=command,
        )
        for report in told["reports"]
    ]
