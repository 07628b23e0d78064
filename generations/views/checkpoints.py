"""One checkpoint: what the stage took and left, and its files as they were then."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from generations import access, artifacts
from generations.highlighting import highlighted
from generations.models import Checkpoint
from generations.soundness import is_sound, tree_is_whole
from generations.versions import current_of

MAX_SHOWN_BYTES = 512 * 1024


@require_GET
def detail(request: HttpRequest, checkpoint_id: uuid.UUID) -> HttpResponse:
    """Figures and files; it is checked by its hashes each time it is looked at."""
    checkpoint = access.get_checkpoint(request.user, checkpoint_id)
    current = current_of(checkpoint.run.project)
    context = {
        "checkpoint": checkpoint,
        "run": checkpoint.run,
        "files": artifacts.tree_of(checkpoint),
        "damaged": checkpoint.emptied_at is None and not is_sound(checkpoint),
        "is_current": current is not None and current.pk == checkpoint.pk,
        "keep_days": settings.KEEP_ATTEMPTS_DAYS,
    }
    return render(request, "runs/checkpoint.html", context)


@require_GET
def show(request: HttpRequest, checkpoint_id: uuid.UUID, path: str) -> HttpResponse:
    """One of its files."""
    checkpoint = access.get_checkpoint(request.user, checkpoint_id)
    if "\x00" in path:
        raise Http404
    rows = checkpoint.artifacts.select_related("blob")
    artifact = get_object_or_404(rows, path=path)
    content = artifact.blob.sound_content()
    shown = content is not None and len(content) <= MAX_SHOWN_BYTES and b"\x00" not in content[:8192]
    context = {
        "checkpoint": checkpoint,
        "run": checkpoint.run,
        "artifact": artifact,
        "files": artifacts.tree_of(checkpoint),
        "damaged": content is None,
        "code": highlighted(path, content.decode("utf-8", errors="replace")) if shown and content is not None else "",
    }
    return render(request, "runs/checkpoint_file.html", context)


@require_GET
def archive(request: HttpRequest, checkpoint_id: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """All its files as a zip; a damaged tree is not given out as if it were whole."""
    return archive_of(request, access.get_checkpoint(request.user, checkpoint_id))


def archive_of(request: HttpRequest, checkpoint: Checkpoint) -> HttpResponse | StreamingHttpResponse:
    """A checkpoint's files as a download; raises Http404 where there are none."""
    run = checkpoint.run
    if not artifacts.tree_of(checkpoint).exists():
        raise Http404("This checkpoint has no files.")
    if not tree_is_whole(checkpoint):
        messages.error(request, "These files are damaged, so they are not given out. Take those of another checkpoint.")
        return redirect("run", run_id=run.pk)
    response = StreamingHttpResponse(artifacts.zip_of(checkpoint), content_type="application/zip")
    name = f"{run.project.slug}-{run.number}-{checkpoint.stage}.zip"
    if checkpoint.complete:
        name = f"{run.project.slug}-{run.number}.zip"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response
