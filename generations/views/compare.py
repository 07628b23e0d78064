"""Two to five runs of a project side by side."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from generations import access
from generations.comparison import compared

LEAST, MOST = 2, 5


@require_GET
def compare(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """What differs comes first."""
    project = access.get_project(request.user, project_id)
    wanted = list(dict.fromkeys(request.GET.getlist("run")))
    if not LEAST <= len(wanted) <= MOST:
        messages.error(request, f"Choose from {LEAST} to {MOST} runs to compare.")
        return redirect("project", project_id=project.pk)
    try:
        runs = access.get_runs(request.user, [uuid.UUID(one) for one in wanted])
    except ValueError as error:
        raise Http404 from error
    if any(run.project_id != project.pk for run in runs):
        raise Http404
    only = request.GET.get("only") == "differences"
    context = {"project": project, "runs": runs, "sections": compared(runs), "only_differences": only}
    return render(request, "projects/compare.html", context)
