"""The dialog before a run begins again, from one of its checkpoints or from the start."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from generations import access, editing
from generations.again import Start, makes_fork, run_again, start_at
from generations.again_estimate import estimate_again
from generations.errors import LaunchError
from generations.forms import AgainForm
from generations.models import Checkpoint, Run


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def from_start(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """All stages again."""
    return _dialog(request, access.get_run(request.user, run_id), None)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def from_checkpoint(request: HttpRequest, checkpoint_id: uuid.UUID) -> HttpResponse:
    """The stages after a checkpoint again."""
    checkpoint = access.get_checkpoint(request.user, checkpoint_id)
    return _dialog(request, checkpoint.run, checkpoint)


@require_POST
def discard(request: HttpRequest, checkpoint_id: uuid.UUID) -> HttpResponse:
    """Forget what was edited."""
    checkpoint = access.get_checkpoint(request.user, checkpoint_id)
    editing.discard(checkpoint)
    return redirect("checkpoint-again", checkpoint_id=checkpoint.pk)


def _dialog(request: HttpRequest, run: Run, checkpoint: Checkpoint | None) -> HttpResponse:
    """Show what will happen, or let it happen; a part of the page for htmx when a choice changes."""
    try:
        start = start_at(run, checkpoint)
        if request.method == "POST":
            form = AgainForm(request.POST, run=run)
            if form.is_valid():
                return redirect("run", run_id=run_again(run, checkpoint, form.wishes()).pk)
        else:
            form = AgainForm(request.GET or None, run=run, initial={"version": start.version})
    except LaunchError as error:
        messages.error(request, str(error))
        return redirect("run", run_id=run.pk)
    template = "runs/_consequences.html" if request.htmx else "runs/again.html"  # type: ignore[attr-defined]
    status = 422 if request.method == "POST" else 200
    return render(request, template, _context(run, start, form), status=status)


def _context(run: Run, start: Start, form: AgainForm) -> dict[str, object]:
    wishes = form.wishes()
    return {
        "run": run,
        "start": start,
        "form": form,
        "fork": makes_fork(run, start, wishes),
        "attempt": run.earlier_attempts.count() + 1,
        "next_number": run.project.runs.latest("number").number + 1,
        "estimate": estimate_again(run, start.again, wishes.profile, dict(wishes.models)),
        "files": [] if start.checkpoint is None else editing.edited_files(start.checkpoint),
    }
