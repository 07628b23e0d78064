"""What a person does to a run: stop, pause, resume, retry, follow up."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from generations import access, launch, waiting
from generations.errors import LaunchError
from generations.forms import MoreForm
from generations.versions import current_of


@require_POST
def stop(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Ask the run to stop."""
    run = access.get_run(request.user, run_id)
    launch.request_stop(run)
    return redirect("run", run_id=run.pk)


@require_POST
def pause(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Let the run rest where it is."""
    run = access.get_run(request.user, run_id)
    launch.request_pause(run)
    return redirect("run", run_id=run.pk)


@require_POST
def try_now(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Let a waiting run try again before its time."""
    run = access.get_run(request.user, run_id)
    try:
        waiting.try_now(run)
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("run", run_id=run.pk)


@require_POST
def resume(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Go on from the last checkpoint."""
    run = access.get_run(request.user, run_id)
    form = MoreForm(request.POST)
    try:
        if not form.is_valid():
            raise LaunchError(" ".join(text for texts in form.errors.values() for text in texts))
        launch.resume_run(run, **form.cleaned_data)
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("run", run_id=run.pk)


@require_POST
def retry(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The same order once more, as a new run."""
    run = access.get_run(request.user, run_id)
    try:
        run = launch.retry_run(run)
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("run", run_id=run.pk)


@require_POST
def restore(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Prove the application once more with some files as they were before the change, as a new run."""
    run = access.get_run(request.user, run_id)
    try:
        run = launch.restore_files(run, request.POST.getlist("path"))
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("run", run_id=run.pk)


@require_POST
def follow_up(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The current version with a change, or this run's own where that is asked for, as a new run."""
    run = access.get_run(request.user, run_id)
    try:
        version = current_of(run.project) if request.POST.get("begin") != "this" else None
        run = launch.follow_up(run, request.POST.get("change", ""), version)
    except LaunchError as error:
        messages.error(request, str(error))
    return redirect("run", run_id=run.pk)
