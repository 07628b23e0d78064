"""Opening a delivered application in a browser, and trying one on a form."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generations import access
from generations.errors import LaunchError, TooMany
from generations.models import Preview, PreviewStatus, Run
from generations.preview_view import OpenView, TryForm, TryView
from generations.previewing.asking import start_preview, start_try, stop_previews
from generations.previewing.passes import entry_address


@require_POST
def start(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Have the application started, and wait for it on a page of its own."""
    run = access.get_run(request.user, run_id)
    try:
        start_preview(request.user, run)
    except TooMany as error:
        return _problem(request, run, error, 429, error.wait)
    except LaunchError as error:
        return _problem(request, run, error, 422)
    return redirect("preview", run_id=run.pk)


@require_GET
def waiting(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """What the application is doing; when it listens, the browser goes there."""
    run = access.get_run(request.user, run_id)
    preview = _newest(run)
    ready = preview is not None and preview.status == PreviewStatus.RUNNING
    if request.htmx and ready:
        return HttpResponse(headers={"HX-Redirect": reverse("preview-open", args=[run.pk])})
    name = "runs/_preview.html" if request.htmx else "runs/preview.html"
    return render(request, name, {"run": run, "preview": preview, "ready": ready})


@require_GET
def enter(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Send the browser to the running application, with an entry that is good once."""
    run = access.get_run(request.user, run_id)
    preview = _newest(run)
    address = entry_address(preview) if preview is not None else ""
    return HttpResponseRedirect(address) if address else redirect("preview", run_id=run.pk)


@require_POST
def stop(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Stop the application."""
    run = access.get_run(request.user, run_id)
    stop_previews(run)
    return redirect("run", run_id=run.pk)


@require_GET
def panel(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The part of the run page that opens the application; nothing where it still ``was`` as the page shows it.

    So a button is not replaced under the pointer.
    """
    run = access.get_run(request.user, run_id)
    preview = OpenView(run).preview
    if request.GET.get("was") == (preview.status if preview else ""):
        return HttpResponse(status=204)
    return render(request, "runs/_open.html", {"run": run, "open": OpenView(run)})


@require_http_methods(["GET", "POST"])
def tries(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The form for arguments and a file, and what came of earlier tries."""
    run = access.get_run(request.user, run_id)
    view = TryView(run)
    if view.commands is None:
        raise Http404("This application cannot be tried.")
    if request.htmx and request.method == "GET":
        return render(request, "runs/_tries.html", {"run": run, "view": view})
    form = TryForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = _try(request, run, form)
        if status == 302:
            return redirect("run-try", run_id=run.pk)
    return render(request, "runs/try.html", {"run": run, "view": view, "form": form}, status=status)


@require_GET
def written(request: HttpRequest, run_id: uuid.UUID, try_id: uuid.UUID) -> HttpResponse:
    """The files that a try wrote, as a zip archive."""
    run = access.get_run(request.user, run_id)
    row = run.tries.filter(pk=try_id).exclude(written=None).first()
    if row is None:
        raise Http404("This try wrote no files.")
    name = f"{run.project.slug}-{run.number}-written.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(bytes(row.written), content_type="application/zip", headers=headers)


def _try(request: HttpRequest, run: Run, form: TryForm) -> int:
    """Start a try; what is wrong stands on the form. Gives the status to answer with."""
    if not form.is_valid():
        return 422
    given = form.cleaned_data["upload"]
    try:
        upload = (given.name, given.read()) if given is not None else None
        start_try(request.user, run, form.cleaned_data["arguments"], upload)
    except LaunchError as error:
        form.add_error(error.field or None, str(error))
        return 429 if isinstance(error, TooMany) else 422
    return 302


def _newest(run: Run) -> Preview | None:
    return run.previews.order_by("-created_at").first()


def _problem(request: HttpRequest, run: Run, error: LaunchError, status: int, wait: int = 0) -> HttpResponse:
    messages.error(request, str(error))
    context = {"run": run, "preview": _newest(run), "ready": False}
    response = render(request, "runs/preview.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response
