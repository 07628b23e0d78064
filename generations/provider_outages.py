"""How long a run waits for a provider that does not answer, before it gives up."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from agents.types import Awaited
from generations.models import Run, RunStatus

ANSWERED = ("ok", "malformed", "cut")


def patience_left(run: Run) -> timedelta:
    """How much longer the run may wait for its provider; nothing or less when it has waited long enough."""
    since = _away_since(run)
    waited = timedelta() if since is None else timezone.now() - since
    return timedelta(hours=settings.PROVIDER_WAIT_HOURS) - waited


def _away_since(run: Run) -> datetime | None:
    """When the run began to wait for its provider; None if that has answered since, or a person set the run off."""
    since = None
    events = run.events.filter(kind__in=("run_ended", "model_called")).order_by("-seq")
    for event in events.only("kind", "payload", "at").iterator(chunk_size=200):
        if event.kind == "model_called":
            if event.payload["outcome"] in ANSWERED:
                break
        elif event.payload["status"] != RunStatus.WAITING:
            break
        elif event.payload.get("awaited") == Awaited.PROVIDER:
            since = event.at
    return since
