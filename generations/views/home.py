"""My projects and runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from generations.allowances import limited_day_of
from generations.forms import EXAMPLES, language_choices
from generations.models import Project, RunStatus
from generations.run_list import page_of_runs
from generations.sandbox_notice import sandbox_problem

SHOWN_PROJECTS = 8


@require_GET
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """The newest runs, filtered by URL; a part of the page for htmx, the whole page otherwise."""
    page = page_of_runs(request.user, request.GET)
    context = {
        "page": page,
        "query": request.GET,
        "statuses": RunStatus.choices,
        "languages": language_choices()[1:],
        "examples": EXAMPLES,
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render(request, "runs/_list.html", context)
    context["projects"] = Project.objects.for_user(request.user)[:SHOWN_PROJECTS]
    context["day"] = limited_day_of(request.user)
    context["sandbox_problem"] = sandbox_problem()
    return render(request, "home.html", context)
