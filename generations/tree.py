"""The runs of a project as a tree: what came of what, with the attempts of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.types import StageName
from generations.models import Attempt, Checkpoint, CheckpointStatus, Origin, Project, Run
from generations.models.run import ENDED

DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Node:
    """One run in its place. ``version`` is its complete application, where it has one."""

    run: Run
    depth: int
    relation: str
    attempts: tuple[Attempt, ...]
    version: Checkpoint | None
    is_current: bool

    @property
    def can_be_current(self) -> bool:
        """Whether the project can go (back) to this version."""
        return self.version is not None and not self.is_current and self.run.status in ENDED


def tree_of_runs(project: Project, runs: Sequence[Run], current: Checkpoint | None) -> list[Node]:
    """The given runs of a project, each below the one that it came from; siblings newest first."""
    attempts: dict[object, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(run__in=runs).order_by("number"):
        attempts[attempt.run_id].append(attempt)
    complete = Checkpoint.objects.filter(run__in=runs, stage=StageName.EXECUTION, status=CheckpointStatus.SUCCEEDED)
    versions = {row.run_id: row for row in complete.defer("state").order_by("number")}
    shown = {run.pk: run for run in runs}
    children: dict[object, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda one: -one.number):
        children[run.parent_id if run.parent_id in shown else None].append(run)

    def below(parent: object, depth: int) -> Iterator[Node]:
        for run in children[parent]:
            is_current = current is not None and current.run_id == run.pk
            relation = _relation(run, shown.get(run.parent_id))
            yield Node(run, min(depth, DEEPEST), relation, tuple(attempts[run.pk]), versions.get(run.pk), is_current)
            yield from below(run.pk, depth + 1)

    return list(below(None, 0))


def _relation(run: Run, parent: Run | None) -> str:
    """How a run came of another one, in words; '' for one that came of an order alone."""
    if run.origin == Origin.ORDER:
        return ""
    words = f"{run.get_origin_display()} of #{parent.number}" if parent else run.get_origin_display()
    if run.origin == Origin.FORK:
        forked = run.settings.get("forked", {})
        words += f" after {forked['after']}" if forked.get("after") else " from the start"
        if forked.get("edited"):
            words += f", {', '.join(forked['edited'][:3])} changed"
    return words
