"""How a run leaves ``running``: its status, reason, figures and last event in one transaction."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.utils import timezone

from agents.events import Event, LogLine, RunEnded
from agents.evidence import Outcome
from agents.state import RunState
from agents.types import Level
from generations.journal import RunJournal
from generations.masking import mask
from generations.models import QualityReport, Run, RunStatus
from generations.models.run import ENDED
from generations.text import storable
from generations.versions import take_over

STATUS_OF = {
    Outcome.SUCCEEDED: RunStatus.SUCCEEDED,
    Outcome.UNVERIFIED: RunStatus.UNVERIFIED,
    Outcome.FAILED: RunStatus.FAILED,
}


def end(journal: RunJournal, status: str, reason: str, *, wait: timedelta | None = None, **fields: object) -> None:
    """Move the run to a status with a sentence. Raises LeaseLost. ``wait`` is the time until it may be tried again."""
    reason = mask(str(storable(reason)))
    events: list[Event] = [RunEnded(status=status, reason=reason, awaited=str(fields.get("waits_for", "")))]
    if status == RunStatus.QUEUED:
        events = [LogLine(stage="", level=Level.WARNING, text="The worker was ended; the run waits for another one.")]
        fields["queued_at"] = timezone.now()
    journal.finish(
        status,
        events,
        not_before=None if wait is None else timezone.now() + wait,
        reason=reason,
        finished_at=timezone.now() if status in ENDED else None,
        **fields,
    )


def end_with_verdict(journal: RunJournal, state: RunState) -> None:
    """End a run that went through all stages, by the verdict in its state, with its figures. Raises LeaseLost."""
    if state.verdict is None:
        end(journal, RunStatus.UNVERIFIED, "All stages ended, but none gave a verdict.")
        return
    status = STATUS_OF[state.verdict.outcome]
    overall = None if state.quality is None else state.quality.overall
    reason = mask(str(storable(state.verdict.reason)))
    counts = state.evidence.tests if state.evidence else None
    journal.finish(
        status,
        [RunEnded(status=status, reason=reason, overall=overall)],
        also=partial(_store_what_came, journal.run, state, status),
        reason=reason,
        finished_at=timezone.now(),
        verdict=state.verdict.model_dump(mode="json"),
        quality=overall,
        tests_passed=counts and counts.passed,
        tests_failed=counts and counts.failed,
        tests_skipped=counts and counts.skipped,
    )


def _store_what_came(run: Run, state: RunState, status: str) -> None:
    _store_quality(run, state)
    if status == RunStatus.SUCCEEDED:
        take_over(run)


def _store_quality(run: Run, state: RunState) -> None:
    if state.quality is None:
        return
    measures = {name: measure.model_dump(mode="json") for name, measure in state.quality.measures.items()}
    QualityReport.objects.update_or_create(
        run=run, defaults={"measures": storable(measures), "overall": state.quality.overall}
    )
