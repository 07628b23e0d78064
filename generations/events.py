"""Appends to a run's log: the number and the row are one transaction, so that numbers have no gaps."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from agents.errors import LeaseLost
from agents.events import Event, kind_of
from agents.faults import fault
from generations.masking import mask_value
from generations.models import Run, RunEvent, RunStatus
from generations.text import storable


def append_events(run_id: uuid.UUID, events: Sequence[Event], *, fence: int | None = None) -> None:
    """Store events in their order, secrets masked.

    With ``fence`` only the worker that holds the run may write: raises LeaseLost otherwise. Without,
    the caller has just moved a run that no worker holds. A run that is gone takes no events.
    """
    rows = Run.objects.filter(pk=run_id)
    if fence is not None:
        rows = rows.filter(fence=fence, status=RunStatus.RUNNING)
    with transaction.atomic():
        if not rows.update(last_seq=F("last_seq") + len(events)):
            if fence is None:
                return
            raise LeaseLost("Another worker holds this run now.")
        fault("event_append")
        last = Run.objects.values_list("last_seq", flat=True).get(pk=run_id)
        first = last - len(events) + 1
        RunEvent.objects.bulk_create(_row(run_id, first + n, event) for n, event in enumerate(events))


def _row(run_id: uuid.UUID, seq: int, event: Event) -> RunEvent:
    payload = mask_value(storable(event.model_dump(mode="json")))
    return RunEvent(
        run_id=run_id,
        seq=seq,
        kind=kind_of(type(event)),
        stage=payload.get("stage", ""),
        level=payload.get("level", "info"),
        payload=payload,
    )
