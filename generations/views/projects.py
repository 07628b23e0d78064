"""A project: its runs and their quality over time."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from generations import access

SHOWN_RUNS = 50


@require_GET
def detail(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The newest runs, to choose some for comparison, and a chart of their quality."""
    project = access.get_project(request.user, project_id)
    runs = list(project.runs.select_related("project").order_by("-number")[:SHOWN_RUNS])
    points = [
        {"label": f"#{run.number}", "quality": round(run.quality * 100, 1), "status": run.status}
        for run in reversed(runs)
        if run.quality is not None
    ]
    return render(request, "projects/detail.html", {"project": project, "runs": runs, "points": points})
