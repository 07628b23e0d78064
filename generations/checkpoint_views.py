"""The checkpoints of a run as its page lists them, and from which one it would go on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agents.types import StageName
from generations.attempts import Span, present
from generations.models import Checkpoint, CheckpointStatus, Origin, Run
from generations.models.run import ENDED
from generations.soundness import Found, newest_sound, sentence
from generations.versions import current_of

RESUMABLE = "paused", "unverified", "failed", "stopped"


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """One line of the list. ``mark`` is how the stage ended, or 'damaged', 'removed' or 'reused'."""

    row: Checkpoint
    mark: str
    attempt: int
    is_current: bool
    can_begin: bool
    can_be_current: bool


class CheckpointList:
    """The checkpoints of one run, each looked at once; a run at rest has the newest ones checked by their hashes."""

    def __init__(self, run: Run, rows: list[Checkpoint]) -> None:
        self._run, self._rows = run, rows

    @cached_property
    def _checked(self) -> tuple[Found | None, list[Checkpoint]]:
        return newest_sound(self._run) if self._run.at_rest else (None, [])

    @cached_property
    def found(self) -> Found | None:
        """What a run at rest holds that is whole."""
        return self._checked[0]

    @cached_property
    def damaged(self) -> set[object]:
        """Ids of checkpoints that are known to be damaged."""
        marked = {row.pk for row in self._rows if row.status == CheckpointStatus.DAMAGED}
        return marked | {row.pk for row in self._checked[1]}

    @property
    def warning(self) -> str:
        """What is said at the top of the page; '' where nothing is damaged."""
        stages = [row.stage for row in self._rows if row.pk in self.damaged]
        return sentence(stages) if stages else ""

    @cached_property
    def span(self) -> Span:
        """The present attempt."""
        return present(self._run)

    @cached_property
    def views(self) -> list[CheckpointView]:
        """All of them, the newest first."""
        ends = list(self._run.earlier_attempts.order_by("number").values_list("last_checkpoint", flat=True))
        return [self._view(row, sum(end < row.number for end in ends) + 1) for row in reversed(self._rows)]

    @cached_property
    def _current(self) -> Checkpoint | None:
        return current_of(self._run.project)

    def _view(self, row: Checkpoint, attempt: int) -> CheckpointView:
        sound, there = row.pk not in self.damaged, row.emptied_at is None
        good = sound and there and row.outcome == CheckpointStatus.SUCCEEDED
        mark = "reused" if self.is_copy(row) else row.outcome
        mark = "removed" if not there else "damaged" if not sound else mark
        is_current = self._current is not None and self._current.pk == row.pk
        return CheckpointView(
            row=row,
            mark=mark,
            attempt=attempt,
            is_current=is_current,
            can_begin=good and self._run.at_rest,
            can_be_current=good and row.complete and not is_current and self._run.status in ENDED,
        )

    def is_copy(self, row: Checkpoint) -> bool:
        """Whether a fork or an attempt began with this one: its work was done before."""
        return row.tokens is None and row.seconds == 0 and row.outcome == CheckpointStatus.SUCCEEDED

    @cached_property
    def plan(self) -> tuple[str, list[str]]:
        """For a run that can be resumed: the stage after which it goes on ('' for none), and the stages to come."""
        start = self.found if self._run.status in RESUMABLE else None
        if start is not None and start.checkpoint.stage == StageName.EXECUTION:
            start = newest_sound(self._run, judged=False)[0]
        done = () if start is None else start.state.done
        return (done[-1] if done else ""), [str(stage) for stage in StageName if stage not in done]

    @property
    def is_fork(self) -> bool:
        """Whether the run began from a checkpoint of another one."""
        return self._run.origin == Origin.FORK
