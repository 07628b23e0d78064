"""What the run page shows, from the database alone: the same for the page, the poll and the socket."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.conf import settings

from agents.errors import AgentError
from agents.quality import MEASURES
from agents.state import RunState, load_state
from agents.types import StageName
from generations import artifacts
from generations.checkpoint_views import CheckpointList
from generations.log_lines import LogLineView, line_of
from generations.models import Attempt, Checkpoint, CheckpointStatus, Run, RunEvent, RunStatus
from generations.preview_view import OpenView
from generations.spending_view import SpendingView
from generations.talking import awaited
from generations.versions import current_of

SHOWN_LINES = 400
RECENT_RUNS = 20
SHOWN = (CheckpointStatus.SUCCEEDED, CheckpointStatus.FAILED)
LOGGED = ("activity", "log_line", "model_called", "file_written")


@dataclass(frozen=True, slots=True)
class StageView:
    """One step of the rail."""

    name: str
    status: str
    seconds: float | None = None
    tokens: int | None = None
    cost_usd: Decimal | None = None
    error: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of the tree while it fills up."""

    path: str
    size: int
    change: str
    stored: bool

    @property
    def folder(self) -> str:
        """The folders with the last slash, '' at the top."""
        return self.path[: self.path.rfind("/") + 1]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path[self.path.rfind("/") + 1 :]


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One quality measure with the formula behind it."""

    label: str
    value: float | None
    detail: str
    formula: str


class RunView:
    """Everything about one run that its page shows, each read once."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def snapshot(cls, run: Run) -> RunView:
        """A view that knows its newest event: all else is read after it, so updates since then leave no gap."""
        view = cls(run)
        _ = view.log
        run.refresh_from_db()
        return view

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """Checkpoints in their order, without the heavy state."""
        return list(self.run.checkpoints.defer("state").order_by("number"))

    @cached_property
    def kept(self) -> CheckpointList:
        """What there is to go back to."""
        return CheckpointList(self.run, self.checkpoints)

    @cached_property
    def earlier_attempts(self) -> list[Attempt]:
        """The attempts before the present one."""
        return list(self.run.earlier_attempts.order_by("number"))

    @cached_property
    def stages(self) -> list[StageView]:
        """The eight steps with what each took."""
        newest = {row.stage: row for row in self._shown_rows}
        started, done = self._current_stage, self.state.done if self.state is not None else ()
        return [self._stage(name, newest.get(name), started, name in done) for name in StageName]

    @property
    def _shown_rows(self) -> list[Checkpoint]:
        """The checkpoints that the steps stand for."""
        return [row for row in self.checkpoints if row.status in SHOWN and row.pk not in self.kept.damaged]

    @property
    def _own_from(self) -> int:
        """The number of the first checkpoint of the shown attempt; what is older is reused."""
        return self.kept.span.first_checkpoint

    def _stage(self, name: str, checkpoint: Checkpoint | None, started: str, done: bool) -> StageView:  # noqa: FBT001
        if checkpoint is None and done:
            return StageView(name, "succeeded", reused=True)
        if checkpoint is not None:
            c = checkpoint
            reused = self.kept.is_copy(c) or (c.outcome == "succeeded" and c.number < self._own_from)
            seconds = None if self.kept.is_copy(c) else c.seconds
            return StageView(name, c.outcome, seconds, c.tokens, c.cost_usd, c.error, reused)
        if name == started and not self.run.ended:
            return StageView(name, "running" if self.run.status == RunStatus.RUNNING else self.run.status)
        return StageView(name, "stopped" if name == started else "pending")

    @cached_property
    def _current_stage(self) -> str:
        newest = self._newest("stage_started")
        return newest.stage if newest else ""

    @cached_property
    def now(self) -> str:
        """What is being done at the moment."""
        if self.run.status == RunStatus.QUEUED:
            return "Waiting for a worker"
        newest = self._newest("activity")
        return newest.payload["text"] if newest and self.run.status == RunStatus.RUNNING else ""

    def _newest(self, kind: str) -> RunEvent | None:
        rows = self.run.events.filter(kind=kind, seq__gte=self.kept.span.first_seq)
        return rows.order_by("-seq").first()

    @cached_property
    def log(self) -> list[LogLineView]:
        """The newest lines, oldest first."""
        return [line_of(event) for event in self.run.events.order_by("-seq")[:SHOWN_LINES]][::-1]

    @property
    def log_notice(self) -> str:
        """Says that earlier lines were removed because of their age; '' where all are there."""
        oldest = self.run.events.order_by("seq").values_list("seq", flat=True).first()
        if oldest is None or oldest <= self._first_seq:
            return ""
        days = settings.KEEP_LOGS_DAYS
        kept = f": logs are kept for {days} day{'' if days == 1 else 's'} after the end of a run" if days else ""
        return f"Earlier lines were removed{kept}."

    @property
    def _first_seq(self) -> int:
        return 1

    @property
    def last_seq(self) -> int:
        """The number of the newest event that the view knows."""
        return self.log[-1].seq if self.log else 0

    @cached_property
    def stored(self) -> bool:
        """Whether there are files to download."""
        return artifacts.tree(self.run).exists()

    @cached_property
    def partial(self) -> Checkpoint | None:
        """Where the shown files come from, if that is a stage that was broken off."""
        newest = artifacts.newest_with_files(self.run)
        return newest if newest is not None and newest.status == CheckpointStatus.PARTIAL else None

    @cached_property
    def measures(self) -> list[MeasureView]:
        """The quality measures, in the registry's order; empty before the end."""
        quality = self.state.quality if self.state is not None else None
        if quality is None:
            return []
        known = [(MEASURES[name], one) for name, one in quality.measures.items() if name in MEASURES]
        return [MeasureView(kind.label, one.value, one.detail, kind.formula) for kind, one in known]

    @property
    def probes_passed(self) -> int:
        """How many requests the started application answered as declared."""
        evidence = self.state.evidence if self.state is not None else None
        return 0 if evidence is None else sum(probe.passed for probe in evidence.probes)

    @cached_property
    def files(self) -> list[FileView]:
        """The tree: what is stored, and what was written since."""
        stored = {a.path: FileView(a.path, a.blob.size, "", True) for a in artifacts.tree(self.run)}  # noqa: FBT003
        if not self.run.ended:
            written = self.run.events.filter(kind="file_written", seq__gte=self.kept.span.first_seq)
            for event in written.order_by("seq"):
                p = event.payload
                stored[p["path"]] = FileView(p["path"], p["size"], p["change"], p["path"] in stored)
        return [stored[path] for path in sorted(stored)]

    @cached_property
    def state(self) -> RunState | None:
        """The newest state; None before the first checkpoint or when this version cannot read it."""
        if self.run.at_rest:
            return None if self.kept.found is None else self.kept.found.state
        newest = Checkpoint.objects.latest_good(self.run)
        try:
            return load_state(newest.state) if newest else None
        except AgentError:
            return None

    @cached_property
    def awaited(self) -> RunState | None:
        """The state of a run that waits for its person; None while nothing is asked."""
        return awaited(self.run)[1]

    @cached_property
    def estimate(self) -> timedelta | None:
        """The median duration of this user's last runs with the same provider; None when there are none."""
        rows = Run.objects.filter(
            project__owner_id=self.run.project.owner_id,
            provider_profile=self.run.provider_profile,
            status__in=(RunStatus.SUCCEEDED, RunStatus.UNVERIFIED, RunStatus.FAILED),
        ).exclude(started_at=None)
        spans: list[tuple[datetime, datetime]] = list(
            rows.order_by("-created_at").values_list("started_at", "finished_at")[:RECENT_RUNS]
        )
        seconds = [(end - start).total_seconds() for start, end in spans if end]
        return timedelta(seconds=statistics.median(seconds)) if seconds else None

    @cached_property
    def calls(self) -> int:
        """How many model calls were made."""
        return self.run.model_calls.count()

    @cached_property
    def current(self) -> Checkpoint | None:
        """The project's current version."""
        return current_of(self.run.project)

    @property
    def is_current(self) -> bool:
        """Whether this run made it."""
        return self.current is not None and self.current.run_id == self.run.pk

    @cached_property
    def open(self) -> OpenView:
        """Whether the application can be opened or tried."""
        return OpenView(self.run, self.state)

    @property
    def live(self) -> bool:
        """Whether anything can still happen without a person."""
        return self.run.live

    @cached_property
    def spending(self) -> SpendingView:
        """What the run spends, and what it may."""
        return SpendingView(self.run)

    @property
    def can_stop(self) -> bool:
        """Whether there is something to stop."""
        return not self.run.ended

    @property
    def can_pause(self) -> bool:
        """Whether something is going on that could rest."""
        return self.run.live and self.run.stop_requested_at is None

    @property
    def can_resume(self) -> bool:
        """Whether the run can go on from its last checkpoint."""
        return self.run.status in (RunStatus.PAUSED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.UNVERIFIED)
