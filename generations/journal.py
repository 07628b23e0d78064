"""Where a run's worker writes what happens: events, model calls and checkpoints, all under its fence."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import F, Max

from agents.context import CallRecord, StageMeasures
from agents.errors import LeaseLost
from agents.events import Event, LogLine, ModelCalled, StageStarted
from agents.faults import fault
from agents.plan import Requirements
from agents.providers.base import Reply
from agents.state import RunState
from agents.types import Level, SourceFile, StageName
from agents.workspace import Workspace, tree_hash
from generations import draining
from generations.artifacts import newest_with_files, store_tree
from generations.beginnings import beginning
from generations.checkpoints import known_metrics, state_document, state_hash, with_words
from generations.events import append_events
from generations.ledger import forget_replies, kept_reply, lose_calls, store_call
from generations.masking import mask, mask_files
from generations.models import Checkpoint, CheckpointStatus, Project, Run, RunStatus
from generations.models.run import ENDED
from generations.retrying import PATIENCE_SECONDS, retrying
from generations.soundness import mark_damaged, newest_sound
from generations.text import storable

LAST_STAGE = tuple(StageName)[-1]


class RunJournal:
    """Writes for the worker that claimed a run; implements the engine's Journal.

    Safe from any thread: writes go one after the other, and threads other than the one that made the
    journal give their database connection back after each. Every write raises LeaseLost once the
    fence has moved on. ``stop`` and ``lost`` are set by the heartbeat; ``workspace`` holds the files that are being
    made, once there are some. ``patience`` is how many seconds a write is tried while the database is away.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.stage = ""
        self.workspace: Workspace | None = None
        self.stop = threading.Event()
        self.lost = threading.Event()
        self.patience = PATIENCE_SECONDS
        self._lock = threading.Lock()
        self._home = threading.get_ident()

    def record(self, event: Event) -> None:
        """Append one event."""
        if isinstance(event, StageStarted):
            self.stage = event.stage
        self._write(lambda: append_events(self.run.pk, [event], fence=self.run.fence))

    def record_call(self, call: CallRecord, event: ModelCalled | None = None) -> None:
        """Write one model call to the ledger, or what became of it, with its event."""

        def write() -> None:
            with transaction.atomic():
                self._hold()
                warning = store_call(self.run, call)
                told = [LogLine(stage=call.stage, level=Level.WARNING, text=warning)] if warning else []
                events = [*told, event] if event is not None else told
                if events:
                    append_events(self.run.pk, events, fence=self.run.fence)

        self._write(write)

    def kept_reply(self, step: str) -> Reply | None:
        """The answer that an earlier claim of this run paid for."""
        if self.run.fence == 1:
            return None
        found: list[Reply | None] = []
        self._write(lambda: found.append(kept_reply(self.run, step)))
        return found[-1]

    def checkpoint(
        self, stage: StageName, state: RunState, files: tuple[SourceFile, ...], measures: StageMeasures
    ) -> None:
        """Store a finished stage: state, whole tree and measures, in one transaction."""
        document, files = state_document(state), mask_files(files)
        row = self._row(stage, CheckpointStatus.SUCCEEDED, measures)
        row.state, row.state_sha256, row.tree = document, state_hash(document), tree_hash(files)
        row.metrics, row.confidence = known_metrics(state), state.confidence
        self._store(row, files)
        if stage == StageName.REQUIREMENTS and state.requirements is not None:
            understood = state.requirements
            self._write(lambda: self._adopt(understood))
        if draining.begun() and stage != LAST_STAGE:
            # Nothing is lost by leaving the run here, and the next stage may take longer than this worker has.
            self.stop.set()

    def checkpoint_failed(self, stage: StageName, error: str, measures: StageMeasures) -> None:
        """Store that a stage failed, with its sentence."""
        row = self._row(stage, CheckpointStatus.FAILED, measures)
        row.error = mask(str(storable(error)))
        self._store(row, ())

    def keep_partial(self, files: tuple[SourceFile, ...], reason: str) -> None:
        """Keep the files of a stage that was broken off, if they differ from what is stored already."""
        newest, files = newest_with_files(self.run), mask_files(files)
        tree = tree_hash(files)
        if not files or (newest is not None and newest.tree == tree):
            return
        row = self._row(self.stage, CheckpointStatus.PARTIAL, StageMeasures(seconds=0.0))
        row.tree, row.error = tree, mask(reason)
        self._store(row, files)

    def stop_requested(self) -> bool:
        """Whether the person asked to stop or to pause, or this worker holds the run no more."""
        return self.stop.is_set() or self.lost.is_set()

    def last_state(self) -> tuple[RunState, tuple[SourceFile, ...]]:
        """State and files of the newest checkpoint that is whole, else the state to begin with.

        A damaged checkpoint is marked and told in the log, and the one before is taken.
        """
        found, damaged = newest_sound(self.run)
        if damaged:
            self._write(lambda: self._pass_over(damaged))
        if found is None:
            return beginning(self.run)
        return with_words(found.state, self.run), found.files

    def note(self, **fields: object) -> None:
        """Set columns of the run, under the fence."""
        self._write(lambda: self._hold(**fields))

    def finish(
        self,
        status: str,
        events: list[Event],
        *,
        also: Callable[[], None] | None = None,
        keep_replies: bool = False,
        **fields: object,
    ) -> None:
        """Move the run out of ``running``, with its last events and whatever ``also`` stores. Raises LeaseLost.

        A run that ended, but was not stopped, asks anew when it is resumed, unless ``keep_replies``.
        """

        def write() -> None:
            with transaction.atomic():
                append_events(self.run.pk, events, fence=self.run.fence)
                lose_calls(self.run.pk)
                if also is not None:
                    also()
                if status in ENDED and status != RunStatus.STOPPED and not keep_replies:
                    forget_replies(self.run.pk)
                fault("final_state")
                held = {"lease_owner": "", "lease_expires_at": None, "not_before": None}
                Run.objects.move(self.run.pk, status, fence=self.run.fence, **(held | fields))

        self._write(write)

    def _row(self, stage: str, status: str, measures: StageMeasures) -> Checkpoint:
        return Checkpoint(
            run=self.run,
            stage=stage,
            status=status,
            seconds=measures.seconds,
            cpu_seconds=measures.cpu_seconds,
            peak_memory_bytes=measures.peak_memory_bytes,
            tokens=measures.tokens,
            cost_usd=measures.cost_usd,
        )

    def _store(self, row: Checkpoint, files: tuple[SourceFile, ...]) -> None:
        def write() -> None:
            with transaction.atomic():
                self._hold()
                highest = Checkpoint.objects.filter(run=self.run).aggregate(number=Max("number"))["number"] or 0
                row.number = highest + 1
                row.save(force_insert=True)
                store_tree(row, files)
                if row.status == CheckpointStatus.SUCCEEDED:
                    forget_replies(self.run.pk, row.stage)

        self._write(write)
        fault("files_committed")

    def _adopt(self, understood: Requirements) -> None:
        """What the person left open is now known: the language, and the name of a project made for this run."""
        with transaction.atomic():
            self._hold(language=understood.language)
            if not self.run.settings.get("name") and self.run.number == 1:
                Project.objects.filter(pk=self.run.project_id).update(name=str(storable(understood.name))[:80])

    def _pass_over(self, damaged: list[Checkpoint]) -> None:
        with transaction.atomic():
            append_events(self.run.pk, mark_damaged(damaged), fence=self.run.fence)

    def _hold(self, **fields: object) -> None:
        """Lock the run's row for this transaction and make sure that it is still ours."""
        rows = Run.objects.filter(pk=self.run.pk, fence=self.run.fence, status=RunStatus.RUNNING)
        if not rows.update(**(fields or {"fence": F("fence")})):
            self.lost.set()
            raise LeaseLost("Another worker holds this run now.")

    def _write(self, write: Callable[[], None]) -> None:
        with self._lock:
            try:
                retrying(write, patience=self.patience)
            except LeaseLost:
                self.lost.set()
                raise
            finally:
                if threading.get_ident() != self._home:
                    connection.close()
