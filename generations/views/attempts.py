"""What an earlier attempt of a run did and how it ended."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from generations import access
from generations.attempt_view import AttemptView


@require_GET
def detail(request: HttpRequest, run_id: uuid.UUID, number: int) -> HttpResponse:
    """Verdict, stages, checkpoints and log of one attempt, as they were."""
    run = access.get_run(request.user, run_id)
    attempt = get_object_or_404(run.earlier_attempts.select_related("run__project"), number=number)
    view = AttemptView(attempt)
    return render(request, "runs/attempt.html", {"attempt": attempt, "run": view.run, "view": view})
