"""An earlier attempt of a run, shown like a run of its own."""

from __future__ import annotations

import copy
from functools import cached_property

from django.db.models import QuerySet

from agents.errors import AgentError
from agents.state import RunState, load_state
from generations.attempts import FIGURES
from generations.log_lines import LogLineView, line_of
from generations.models import Attempt, Checkpoint, ModelCall, Run, RunEvent
from generations.run_view import SHOWN, SHOWN_LINES, RunView


class AttemptView(RunView):
    """What the page of an attempt shows: its own events, checkpoints and calls, and the verdict that it had."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(_as_it_was(attempt))
        self.attempt = attempt

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """Its own checkpoints, without the heavy state."""
        first, last = self.attempt.first_checkpoint, self.attempt.last_checkpoint
        return list(self.run.checkpoints.filter(number__range=(first, last)).defer("state").order_by("number"))

    @property
    def _shown_rows(self) -> list[Checkpoint]:
        return [row for row in self.checkpoints if row.outcome in SHOWN]

    @property
    def _own_from(self) -> int:
        return self.attempt.first_checkpoint

    @cached_property
    def state(self) -> RunState | None:
        """The last state that it reached; None where there is none, or none that can be read."""
        rows = Checkpoint.objects.filter(pk__in=[row.pk for row in self.checkpoints]).exclude(state=None)
        newest = rows.order_by("-number").first()
        try:
            return load_state(newest.state) if newest is not None else None
        except AgentError:
            return None

    @property
    def events(self) -> QuerySet[RunEvent]:
        """Its own events in their order."""
        return self.run.events.filter(seq__range=(self.attempt.first_seq, self.attempt.last_seq)).order_by("seq")

    @cached_property
    def log(self) -> list[LogLineView]:
        """Its newest lines, oldest first."""
        return [line_of(event) for event in self.events.reverse()[:SHOWN_LINES]][::-1]

    @property
    def _first_seq(self) -> int:
        return self.attempt.first_seq

    @property
    def model_calls(self) -> QuerySet[ModelCall]:
        """What it asked."""
        return calls_of(self.attempt)


def calls_of(attempt: Attempt) -> QuerySet[ModelCall]:
    """The model calls between the begin and the end of an attempt."""
    if attempt.started_at is None:
        return ModelCall.objects.none()
    return attempt.run.model_calls.filter(at__gte=attempt.started_at, at__lte=attempt.finished_at)


def _as_it_was(attempt: Attempt) -> Run:
    """The run with the figures of the attempt; never saved."""
    run = copy.copy(attempt.run)
    for name in (*FIGURES, "tokens", "cost_usd", "started_at", "finished_at"):
        setattr(run, name, getattr(attempt, name))
    return run
