"""The run page and what it is made of."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from generations import access, fragments
from generations.attempt_view import calls_of
from generations.log_lines import line_of
from generations.models import Run
from generations.run_view import RunView
from generations.sandbox_notice import sandbox_problem

CALLS_A_PAGE = 20


@require_GET
def detail(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The whole page, as it stands now."""
    run = access.get_run(request.user, run_id)
    view = RunView.snapshot(run)
    problem = sandbox_problem() if view.live else ""
    return render(request, "runs/detail.html", {"run": run, "view": view, "sandbox_problem": problem})


@require_GET
def live(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The fragments since event ``after``: what the websocket sends, for pages that have none."""
    run = access.get_run(request.user, run_id)
    after = request.GET.get("after", "0")
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else 0
    html, _last = fragments.update_since(run, number)
    return HttpResponse(html)


@require_GET
def log_text(request: HttpRequest, run_id: uuid.UUID) -> StreamingHttpResponse:
    """The whole log as a text file."""
    run = access.get_run(request.user, run_id)
    response = StreamingHttpResponse(_lines(run), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{run.project.slug}-{run.number}.log"'
    return response


@require_GET
def calls(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The ledger of model calls, masked prompts and replies behind a toggle."""
    run = access.get_run(request.user, run_id)
    number = request.GET.get("attempt", "")
    attempt = run.earlier_attempts.filter(number=number).first() if number.isdecimal() and len(number) < 9 else None
    asked = run.model_calls.all() if attempt is None else calls_of(attempt)
    page = Paginator(asked.order_by("at"), CALLS_A_PAGE).get_page(request.GET.get("page"))
    context = {"run": run, "page": page, "attempt": attempt, "keep_days": settings.KEEP_CALLS_DAYS}
    return render(request, "runs/calls.html", context)


def _lines(run: Run) -> Iterator[str]:
    if notice := RunView(run).log_notice:
        yield f"{notice}\n"
    for event in run.events.order_by("seq").iterator(chunk_size=500):
        line = line_of(event)
        yield f"{line.at:%Y-%m-%d %H:%M:%S} {line.level:7} {line.stage:12} {line.text}\n"
