"""Whether the site is alive, whether it is ready, and a page on how it is doing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from generations import access
from generations.health.board import board
from generations.health.page import health_context


@login_not_required
@require_GET
def healthz(_request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every part works, else 503. Only administrators are told more than which."""
    parts = board().read()
    ready = all(part.ok for part in parts.values())
    # Who asks can only be looked up in the database.
    if parts["database"].ok and access.runs_site(request.user):
        told = {name: {"ok": p.ok, "detail": p.detail, "remedy": p.remedy} for name, p in parts.items()}
    else:
        told = {name: {"ok": p.ok} for name, p in parts.items()}
    response = JsonResponse({"ready": ready, "parts": told}, status=200 if ready else 503)
    # Django would log each 503 as an error, every few seconds; the board logs what changes.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


@never_cache
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """The same for people, with what to do."""
    if not access.runs_site(request.user):
        raise Http404("There is no such page.")
    return render(request, "health.html", health_context())
