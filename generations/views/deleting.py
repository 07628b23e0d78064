"""Deleting a run, a project or oneself: a page that says what goes, and a button."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from generations import access, deleting
from generations.errors import LaunchError
from generations.models import Artifact, MemoryEntry, Project, ProviderKey, Run

CONFIRM = "deleting.html"


@require_http_methods(["GET", "POST"])
def run(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """One run of a project."""
    found = access.get_run(request.user, run_id)
    if request.method == "POST":
        deleting.delete_run(found)
        messages.success(request, f"Run #{found.number} is deleted.")
        return redirect("project", project_id=found.project_id)
    runs = Run.objects.filter(pk=found.pk)
    return render(request, CONFIRM, {"what": f"{found.project.name} #{found.number}", "back": found, **_counts(runs)})


@require_http_methods(["GET", "POST"])
def project(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """A project with all its runs."""
    found = access.get_project(request.user, project_id)
    if request.method == "POST":
        deleting.delete_project(found)
        messages.success(request, f"{found.name} is deleted.")
        return redirect("home")
    runs = Run.objects.filter(project=found)
    return render(request, CONFIRM, {"what": found.name, "back_project": found, **_counts(runs)})


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Oneself with everything; the name is to be typed."""
    user, problem = request.user, ""
    if request.method == "POST":
        try:
            if request.POST.get("name", "") != user.get_username():
                raise LaunchError("Type your user name exactly as it is, so that nobody is deleted by mistake.")
            deleting.delete_user(user)
            logout(request)
            return redirect("login")
        except LaunchError as error:
            problem = str(error)
    context = {
        "what": f"your account, {user.get_username()}",
        "account": True,
        "problem": problem,
        "projects": Project.objects.for_user(user).count(),
        "keys": ProviderKey.objects.filter(owner_id=user.pk).count(),
        **_counts(Run.objects.for_user(user)),
        "memories": MemoryEntry.objects.for_user(user).count(),
    }
    return render(request, CONFIRM, context, status=422 if problem else 200)


def _counts(runs: object) -> dict[str, object]:
    """What goes with these runs."""
    found = list(runs.only("pk", "status"))  # type: ignore[attr-defined]
    return {
        "runs": len(found),
        "going_on": sum(not one.at_rest for one in found),
        "files": Artifact.objects.filter(checkpoint__run__in=found).values("path").distinct().count(),
        "memories": MemoryEntry.objects.filter(run__in=found).count(),
    }
