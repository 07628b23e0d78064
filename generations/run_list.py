"""Lists of runs, filtered and searched by what stands in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from generations.models import Run, RunStatus

PAGE = 25
MAX_QUERY = 200


@dataclass(frozen=True)
class RunPage:
    """One page of runs, and the query of the next one ('' at the end)."""

    runs: list[Run]
    next_query: str
    filtered: bool

    @property
    def active(self) -> bool:
        """Whether any of them can still change by itself."""
        return any(not run.ended and run.status != RunStatus.PAUSED for run in self.runs)


def page_of_runs(user: AbstractBaseUser, query: QueryDict) -> RunPage:
    """The runs of a user that fit ``q``, ``status`` and ``language``, newest first, older than ``before``.

    Pages go by time, not by number, so that a deep page costs as much as the first. Unknown values are ignored.
    """
    rows = Run.objects.for_user(user).select_related("project").order_by("-created_at", "-id")
    text = query.get("q", "").replace("\x00", "").strip()[:MAX_QUERY]
    status, language = query.get("status", ""), query.get("language", "")
    if text:
        rows = rows.filter(Q(prompt__icontains=text) | Q(project__name__icontains=text))
    if status in RunStatus.values:
        rows = rows.filter(status=status)
    if language.isalpha() and language.isascii():
        rows = rows.filter(language=language)
    before = _moment(query.get("before", ""))
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    found = list(rows[: PAGE + 1])
    next_query = ""
    if len(found) > PAGE:
        kept = {"q": text, "status": status, "language": language, "before": found[PAGE - 1].created_at.isoformat()}
        next_query = urlencode({key: value for key, value in kept.items() if value})
    return RunPage(found[:PAGE], next_query, filtered=bool(text or status or language))


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
