"""Whether the site is alive."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET


@login_not_required
@require_GET
def healthz(_request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return HttpResponse("ok\n", content_type="text/plain")
