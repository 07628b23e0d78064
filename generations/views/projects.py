"""A project: its current version, its runs as a tree, and their quality over time."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from generations import access, launch, versions
from generations.errors import LaunchError
from generations.tree import tree_of_runs
from generations.views.checkpoints import archive_of

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
    current = versions.current_of(project)
    nodes = tree_of_runs(project, runs, current)
    context = {"project": project, "nodes": nodes, "points": points, "current": current}
    return render(request, "projects/detail.html", context)


@require_POST
def make_current(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """Go (back) to a version."""
    project = access.get_project(request.user, project_id)
    try:
        checkpoint = access.get_checkpoint(request.user, uuid.UUID(request.POST.get("checkpoint", "")))
    except ValueError as error:
        raise Http404 from error
    if checkpoint.run.project_id != project.pk:
        raise Http404
    try:
        versions.make_current(checkpoint)
        messages.success(request, f"#{checkpoint.run.number} is the current version now.")
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("project", project_id=project.pk)


@require_GET
def archive(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """The current version as a zip; its name tells which run made it."""
    current = versions.current_of(access.get_project(request.user, project_id))
    if current is None:
        raise Http404("This project has no version yet.")
    return archive_of(request, current)


@require_POST
def follow_up(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The current version with a change, as a new run."""
    project = access.get_project(request.user, project_id)
    current = versions.current_of(project)
    if current is None:
        raise Http404("This project has no version yet.")
    try:
        return redirect("run", run_id=launch.follow_up(current.run, request.POST.get("change", ""), current).pk)
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("project", project_id=project.pk)
