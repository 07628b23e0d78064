"""What a worker calls: run the pipeline for a queued run, and bring the run to its end whatever happens."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from agents import pipeline
from agents.context import RunContext
from agents.errors import (
    AgentError,
    BudgetExceeded,
    LeaseLost,
    NeedsPerson,
    PaymentNeeded,
    ProviderError,
    SandboxFailure,
    Stopped,
    Waiting,
)
from agents.events import RunStarted
from agents.faults import fault
from agents.state import RunState
from agents.types import Awaited
from generations import draining
from generations.beginnings import base_files
from generations.delivery import queue_is_empty, wake_worker
from generations.endings import end, end_with_verdict
from generations.halting import asked_for, is_asked, request_stop
from generations.heartbeat import heartbeat
from generations.journal import RunJournal
from generations.leases import worker_name
from generations.models import Run, RunStatus
from generations.provider_outages import patience_left
from generations.recovery import remove_orphaned_sandboxes
from generations.room import outage_of
from generations.wiring import open_context

logger = logging.getLogger(__name__)

# So long a worker tries to say that disk or database were away. After that the reaper lets the run go on.
OUTAGE_SECONDS = 600.0
# After these the answers that came are as good as before; after others the same answers would fail again.
FROM_OUTSIDE = (ProviderError, SandboxFailure)
SANDBOX_BROKE = "The sandbox broke while it was used. The run goes on by itself."


def execute_next() -> None:
    """Execute the next queued run, if there is one: fair between owners, oldest first. The queue's task.

    A worker that was told to end leaves it to another one.
    """
    if draining.begun():
        if Run.objects.runnable(settings.RUNS_PER_USER).exists():
            wake_worker()
        return
    for run_id in Run.objects.runnable(settings.RUNS_PER_USER).values_list("pk", flat=True)[:20]:
        run = _claim(run_id, per_owner=settings.RUNS_PER_USER)
        if run is not None:
            _execute(run)
            if queue_is_empty() and Run.objects.runnable(settings.RUNS_PER_USER).exists():
                wake_worker()
            return


def execute_run(run_id: str) -> bool:
    """Execute one queued run in this process until its end; safe to call twice.

    False when it was not there to be taken: another worker has it, or it has ended.
    """
    run = _claim(uuid.UUID(run_id))
    if run is None:
        return False
    _execute(run)
    return True


def _claim(run_id: uuid.UUID, *, per_owner: int | None = None) -> Run | None:
    return Run.objects.claim(run_id, worker=worker_name(), lease=_lease(), per_owner=per_owner)


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def _execute(run: Run) -> None:
    """Run a claimed run. The one place where any error is caught: nobody may be left without an ending."""
    fault("claim")
    journal = RunJournal(run)
    try:
        with heartbeat(journal, _lease(), partial(_leave_behind, journal)):
            _run_to_end(journal)
    except LeaseLost:
        logger.warning("Run %s is not this worker's any more; it leaves it", run.pk)
    except (SystemExit, KeyboardInterrupt):
        _hand_back(journal)
        raise
    except Exception as error:
        number = uuid.uuid4().hex[:8]
        logger.exception("Run %s failed unexpectedly (%s)", run.pk, number)
        with suppress(LeaseLost):
            if outage := outage_of(error):
                journal.patience = OUTAGE_SECONDS
                _wait(journal, Waiting(outage, awaited=Awaited.STORAGE))
            else:
                end(journal, RunStatus.FAILED, f"Internal error; the worker's log tells more under {number}.")


def _run_to_end(journal: RunJournal) -> None:
    """Run the pipeline and store how it ended. Raises LeaseLost."""
    try:
        state, files = journal.last_state()
        with open_context(journal.run, journal, files, base_files(journal.run)) as context:
            journal.workspace = context.workspace
            _announce(journal, state, context)
            state = pipeline.run(state, context)
        end_with_verdict(journal, state)
    except LeaseLost:
        raise
    except Stopped:
        if journal.lost.is_set():
            # Nobody asked to stop: the lease could not be renewed, and the reaper lets the run go on.
            raise LeaseLost("The lease was lost.") from None
        _break_off(journal)
    except AgentError as error:
        _end_after(journal, error)


def _end_after(journal: RunJournal, error: AgentError) -> None:
    """Bring the run where an error of the engine leads it. Raises LeaseLost."""
    reason = str(error)
    match error:
        case Waiting():
            _keep(journal, reason)
            _wait(journal, error)
        case NeedsPerson():
            end(journal, RunStatus.PAUSED, reason, pause_requested_at=None)
        case BudgetExceeded() | PaymentNeeded():
            _keep(journal, reason)
            awaited = Awaited.BUDGET if isinstance(error, BudgetExceeded) else Awaited.CREDIT
            end(journal, RunStatus.PAUSED, reason, pause_requested_at=None, waits_for=awaited)
        case SandboxFailure() if journal.run.attempts < settings.MAX_ATTEMPTS:
            # Such as an engine that was started anew. The claim counts as lost, so that this has an end.
            _wait(journal, Waiting(SANDBOX_BROKE), lost=1)
        case _:
            _keep(journal, reason)
            end(journal, RunStatus.FAILED, reason, keep_replies=isinstance(error, FROM_OUTSIDE))


def _announce(journal: RunJournal, state: RunState, context: RunContext) -> None:
    journal.note(uses_ai=context.uses_ai, sandbox=context.sandbox.name)
    resumed = state.done[-1] if state.done else ""
    journal.record(RunStarted(attempt=journal.run.attempts, resumed_from=resumed, sandbox=context.sandbox.name))


def _keep(journal: RunJournal, reason: str) -> None:
    if journal.workspace is not None:
        journal.keep_partial(journal.workspace.files(), reason)


def _wait(journal: RunJournal, error: Waiting, *, lost: int = 0) -> None:
    """Let the run wait for what is away. Unless ``lost`` is 1, the claim ended in order and does not count."""
    wait = timedelta(seconds=error.seconds)
    if error.awaited == Awaited.PROVIDER:
        left = patience_left(journal.run)
        if left <= timedelta():
            tried = f"It was tried for {settings.PROVIDER_WAIT_HOURS:g} h"
            reason = f"{error} {tried}; resume the run when it answers again."
            end(journal, RunStatus.FAILED, reason, keep_replies=True)
            return
        wait = min(wait, left)
    fields = {"waits_for": error.awaited, "attempts": F("attempts") - 1 + lost}
    end(journal, RunStatus.WAITING, str(error), wait=wait, **fields)


def _break_off(journal: RunJournal) -> None:
    """End or pause the run as its person asked, with what was written so far. Raises LeaseLost.

    A run that nobody asked to stop is given back to the queue: its worker was told to end.
    """
    if draining.begun() and not is_asked(journal.run):
        _hand_back(journal)
        return
    status, sentence = asked_for(journal.run)
    _keep(journal, sentence)
    asked = {"stop_requested_at": timezone.now()} if status == RunStatus.STOPPED else {"attempts": 0}
    end(journal, status, sentence, **asked)
    if Run.objects.filter(pk=journal.run.pk, status=RunStatus.PAUSED).exclude(stop_requested_at=None).exists():
        # The stop came while the pause was being stored.
        request_stop(journal.run)


def _leave_behind(journal: RunJournal) -> None:
    """End the run although its work does not listen; the worker finds out at its next write."""
    logger.warning("Run %s did not stop when it was asked to; it is ended without its worker", journal.run.pk)
    with suppress(LeaseLost):
        _break_off(journal)
    remove_orphaned_sandboxes()


def _hand_back(journal: RunJournal) -> None:
    """This process is told to end: the run goes on elsewhere, from its last checkpoint, at once."""
    with suppress(LeaseLost):
        end(journal, RunStatus.QUEUED, "", attempts=F("attempts") - 1)
        wake_worker()
