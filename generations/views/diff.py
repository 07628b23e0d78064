"""What differs between two versions of an application, file by file."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from generations import access, artifacts
from generations.beginnings import base_of
from generations.differences import differences
from generations.models import Checkpoint, Run


@require_GET
def changes(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """From another run of the project (``from``, else the one that was changed) to this run."""
    run = access.get_run(request.user, run_id)
    others = list(run.project.runs.exclude(pk=run.pk).order_by("-number")[:50])
    before = _chosen(request.GET.get("from", ""), run, others)
    old = None if before is None else artifacts.newest_with_files(before)
    context = {
        "run": run,
        "before": before,
        "others": others,
        "files": differences(old, artifacts.newest_with_files(run)) if before is not None else [],
    }
    return render(request, "runs/changes.html", context)


def _chosen(wanted: str, run: Run, others: list[Run]) -> Run | None:
    if wanted:
        found = next((other for other in others if str(other.pk) == wanted), None)
        if found is None:
            raise Http404
        return found
    base = Checkpoint.objects.filter(pk=run.settings.get("base")).first()
    earlier = (other for other in others if other.number < run.number and base_of(other) is not None)
    return next((other for other in others if base is not None and other.pk == base.run_id), None) or next(
        earlier, None
    )
