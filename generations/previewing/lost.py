"""Previews and tries whose process is gone."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.leases import is_gone
from generations.models import Preview, PreviewStatus, TryOut

UNTAKEN = timedelta(minutes=2)
LOST = "The preview process ended while it ran; open it again."
NOBODY = "No preview process took it. Is it running (manage.py serve_previews)?"


def sandboxes_of_previews() -> set[tuple[str, int]]:
    """Label and fence of the sandboxes that previews and tries have now."""
    return {(row.host, 0) for model in (Preview, TryOut) for row in model.objects.held() if not is_gone(row.worker)}


def end_lost_previews() -> int:
    """End those whose process died or fell silent, and those that nobody took; gives how many."""
    ended = 0
    for model in (Preview, TryOut):
        held = model.objects.held()
        silent = set(held.filter(lease_expires_at__lt=Now()).values_list("pk", flat=True))
        lost = [row.pk for row in held if row.pk in silent or is_gone(row.worker)]
        ended += held.filter(Q(lease_expires_at__lt=Now()) | Q(pk__in=lost)).end(LOST)
        late = timezone.now() - UNTAKEN
        ended += model.objects.filter(status=PreviewStatus.QUEUED, created_at__lt=late).end(NOBODY)
    return ended
