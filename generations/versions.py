"""The version of a project that is meant when none is named, and how another one takes its place."""

from __future__ import annotations

from django.db import transaction

from agents.types import StageName
from generations.errors import LaunchError
from generations.models import Checkpoint, CheckpointStatus, Project, Run, RunStatus
from generations.models.run import ENDED
from generations.soundness import is_sound

LONGEST_LINE = 200


def current_of(project: Project) -> Checkpoint | None:
    """The chosen version; else that of the newest run that succeeded, or at least could not be shown to fail."""
    if project.current_id is not None:
        return Checkpoint.objects.select_related("run__project").defer("state").get(pk=project.current_id)
    rows = Checkpoint.objects.filter(run__project=project, stage=StageName.EXECUTION)
    rows = rows.filter(status=CheckpointStatus.SUCCEEDED).select_related("run__project").defer("state")
    for status in (RunStatus.SUCCEEDED, RunStatus.UNVERIFIED):
        found = rows.filter(run__status=status).order_by("-run__number", "-number").first()
        if found is not None:
            return found
    return None


def make_current(checkpoint: Checkpoint) -> None:
    """Make any complete version the current one of its project. Raises LaunchError."""
    if not checkpoint.complete or checkpoint.run.status not in ENDED:
        raise LaunchError("Only a complete version of a run that has ended can be the current one.")
    with transaction.atomic():
        # Its files are not removed in the middle of this.
        Run.objects.select_for_update().get(pk=checkpoint.run_id)
        if not is_sound(checkpoint):
            raise LaunchError("This version is damaged: it is not what was stored. Choose another one.")
        Project.objects.filter(pk=checkpoint.run.project_id).update(current=checkpoint)


def take_over(run: Run) -> None:
    """Let a run that succeeded be the current version, if it descends from the one that is.

    Another line of the project, such as a fork to compare two models, changes nothing by itself.
    """
    newest = run.checkpoints.filter(stage=StageName.EXECUTION, status=CheckpointStatus.SUCCEEDED).last()
    current = Project.objects.filter(pk=run.project_id).values_list("current__run", flat=True).first()
    if newest is not None and (current is None or current in _line(run)):
        Project.objects.filter(pk=run.project_id).update(current=newest)


def _line(run: Run) -> list[object]:
    """The run and those that it descends from."""
    parents = dict(Run.objects.filter(project=run.project_id).order_by().values_list("pk", "parent"))
    line: list[object] = [run.pk]
    while len(line) < LONGEST_LINE and parents.get(line[-1]) is not None:
        line.append(parents[line[-1]])
    return line
