"""Attempts of a run: what ended stays readable when the run is set off again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Sum
from django.utils import timezone

from generations.models import Attempt, Checkpoint, CheckpointStatus, QualityReport, Run

# Columns of a run that tell how an attempt ended.
FIGURES = ("status", "reason", "verdict", "quality", "tests_passed", "tests_failed", "tests_skipped")
ANEW: dict[str, object] = {
    **dict.fromkeys(FIGURES[2:]),
    "waits_for": "",
    "reason": "",
    "started_at": None,
    "finished_at": None,
    "stop_requested_at": None,
    "pause_requested_at": None,
    "attempts": 0,
}
"""What a run is without its last attempt."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where the present attempt began: its number, and its first event and checkpoint."""

    number: int = 1
    first_seq: int = 1
    first_checkpoint: int = 1
    after: str = ""


def present(run: Run) -> Span:
    """The attempt that a run is in."""
    last = run.earlier_attempts.order_by("-number").first()
    if last is None:
        return Span()
    return Span(last.number + 1, last.last_seq + 1, last.last_checkpoint + 1, last.next_after)


def set_aside(run: Run, start: Checkpoint | None, submission: uuid.UUID | None = None) -> Attempt:
    """Store how a run at rest ended as an earlier attempt; the next one goes on from ``start``, or from the beginning.

    Checkpoints after it stay readable but are used no more. The caller holds the run's row and moves it.
    """
    span, spent = present(run), run.earlier_attempts.aggregate(tokens=Sum("tokens"), cost=Sum("cost_usd"))
    highest = run.checkpoints.aggregate(number=Max("number"))["number"] or 0
    report = QualityReport.objects.filter(run=run).first()
    attempt = Attempt.objects.create(
        run=run,
        number=span.number,
        submission=submission or uuid.uuid4(),
        next_after="" if start is None else start.stage,
        measures={} if report is None else report.measures,
        tokens=None if run.tokens is None else max(0, run.tokens - (spent["tokens"] or 0)),
        cost_usd=None if run.cost_usd is None else max(Decimal(0), run.cost_usd - (spent["cost"] or 0)),
        started_at=run.started_at,
        finished_at=run.finished_at or timezone.now(),
        first_seq=span.first_seq,
        last_seq=run.last_seq,
        first_checkpoint=span.first_checkpoint,
        last_checkpoint=highest,
        **{name: getattr(run, name) for name in FIGURES},
    )
    if report is not None:
        report.delete()
    later = run.checkpoints.filter(number__gt=0 if start is None else start.number)
    later.exclude(status=CheckpointStatus.DAMAGED).update(status=CheckpointStatus.SUPERSEDED)
    return attempt
