"""Editors for what goes into a run that begins again: one file, or the plan."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from agents.types import StageName
from generations import access, editing
from generations.again import start_at
from generations.differences import text_difference
from generations.errors import LaunchError
from generations.models import Checkpoint
from generations.plan_form import read_plan


@require_http_methods(["GET", "POST"])
def file(request: HttpRequest, checkpoint_id: uuid.UUID) -> HttpResponse:
    """One file as text. Who saves second is shown both texts, and loses neither."""
    checkpoint = access.get_checkpoint(request.user, checkpoint_id)
    if request.method == "POST":
        return _save(request, checkpoint)
    path = request.GET.get("path", "").replace("\x00", "")
    now = editing.file_now(checkpoint, path)
    if now is not None and not editing.is_text(now):
        raise Http404
    text = "" if now is None else now.text
    context = {"path": path, "text": text, "seen": editing.version_of(now), "is_new": now is None}
    return render(request, "files/edit.html", {"checkpoint": checkpoint, "run": checkpoint.run, **context})


def _save(request: HttpRequest, checkpoint: Checkpoint) -> HttpResponse:
    path, text, seen = (request.POST.get(name, "") for name in ("path", "text", "seen"))
    context: dict[str, object] = {"path": path, "text": text, "seen": seen, "is_new": not seen}
    try:
        start_at(checkpoint.run, checkpoint)
        if "remove" in request.POST:
            editing.remove_file(checkpoint, path, seen)
        else:
            editing.save_file(checkpoint, path, text, seen)
        return redirect("checkpoint-again", checkpoint_id=checkpoint.pk)
    except editing.EditConflict as conflict:
        context |= {"problem": str(conflict), "saved": conflict.saved, "conflict": True}
        context |= {"seen": editing.version_of(conflict.saved), "lines": text_difference(conflict.saved, text)}
        status = 409
    except LaunchError as error:
        context["problem"], status = str(error), 422
    return render(
        request, "files/edit.html", {"checkpoint": checkpoint, "run": checkpoint.run, **context}, status=status
    )


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, checkpoint_id: uuid.UUID) -> HttpResponse:
    """The plan that the fork will carry out."""
    checkpoint = access.get_checkpoint(request.user, checkpoint_id)
    if checkpoint.stage != StageName.STRUCTURE:
        raise Http404
    problem, conflicting, version = "", False, request.POST.get("version", "")
    try:
        start = start_at(checkpoint.run, checkpoint)
        if start.state is None:
            raise Http404
        if request.method == "POST":
            seen = int(version) if version.isdecimal() and len(version) < 10 else 0
            editing.save_plan(checkpoint, read_plan(request.POST.dict(), start.state), seen)
            return redirect("checkpoint-again", checkpoint_id=checkpoint.pk)
    except editing.EditConflict as conflict:
        conflicting = True
        problem = f"{conflict} You see the saved one; yours stands below it, so that you can bring over what you want."
    except LaunchError as error:
        problem = str(error)
    return _plan_page(request, checkpoint, problem, conflict=conflicting)


def _plan_page(request: HttpRequest, checkpoint: Checkpoint, problem: str, *, conflict: bool) -> HttpResponse:
    start = start_at(checkpoint.run, checkpoint)
    if start.state is None:
        raise Http404
    context = {
        "run": checkpoint.run,
        "checkpoint": checkpoint,
        "problem": problem,
        "requirements": start.state.needed_requirements(),
        "plan": start.state.needed_plan(),
        "sent": {} if conflict else request.POST.dict(),
        "mine": "\n".join(f"{name}: {value}" for name, value in request.POST.items() if name != "csrfmiddlewaretoken"),
        "conflict": conflict,
        "version": start.version,
    }
    return render(request, "runs/plan.html", context, status=422 if problem else 200)
