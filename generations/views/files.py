"""Files of a run: shown with highlighting, raw, or all in one archive."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from generations import access, artifacts
from generations.highlighting import highlighted
from generations.views.checkpoints import archive_of

MAX_SHOWN_BYTES = 512 * 1024


@require_GET
def show(request: HttpRequest, run_id: uuid.UUID, path: str) -> HttpResponse:
    """One file with line numbers to link to; binary and large ones can only be downloaded."""
    run = access.get_run(request.user, run_id)
    artifact = _artifact(run, path)
    content = artifact.blob.sound_content()
    damaged, content = content is None, content or b""
    too_large = len(content) > MAX_SHOWN_BYTES
    binary = b"\x00" in content[:8192]
    code = "" if too_large or binary else highlighted(path, content.decode("utf-8", errors="replace"))
    context = {
        "run": run,
        "artifact": artifact,
        "files": artifacts.tree(run),
        "code": code,
        "too_large": too_large,
        "binary": binary,
        "damaged": damaged,
    }
    return render(request, "files/show.html", context)


@require_GET
def raw(request: HttpRequest, run_id: uuid.UUID, path: str) -> HttpResponse:
    """One file as a download; never shown by the browser."""
    artifact = _artifact(access.get_run(request.user, run_id), path)
    content = artifact.blob.sound_content()
    if content is None:
        raise Http404("This file is damaged.")
    response = HttpResponse(content, content_type="application/octet-stream")
    name = path.rsplit("/", 1)[-1]
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Security-Policy"] = "sandbox"
    return response


@require_GET
def archive(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """All files as a zip."""
    run = access.get_run(request.user, run_id)
    newest = artifacts.newest_with_files(run)
    if newest is None:
        raise Http404("This run has no files yet.")
    return archive_of(request, newest)


@require_GET
def image(request: HttpRequest, run_id: uuid.UUID, image_id: uuid.UUID) -> HttpResponse:
    """A picture that came with the description; its type was found by its content when it was taken."""
    run = access.get_run(request.user, run_id)
    row = get_object_or_404(run.images.select_related("blob"), pk=image_id)
    response = HttpResponse(row.blob.content(), content_type=row.media_type)
    response["Content-Security-Policy"] = "sandbox"
    return response


def _artifact(run: artifacts.Run, path: str) -> artifacts.Artifact:
    if "\x00" in path:
        raise Http404
    return artifacts.file(run, path)
