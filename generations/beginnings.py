"""What a run begins with: an order alone, or the application that a follow-up changes."""

from __future__ import annotations

from agents.errors import AgentError
from agents.state import RunState
from agents.types import SourceFile, StageName
from generations.checkpoints import initial_state, restore
from generations.models import Checkpoint, Run
from generations.profiles import profile_uses_ai

# What the execution of another tree showed says nothing about this one.
JUDGEMENT = {"evidence": None, "quality": None, "verdict": None, "regression": None, "repairs": (), "suggestions": ()}


def beginning(run: Run) -> tuple[RunState, tuple[SourceFile, ...]]:
    """State and files before the first stage. Raises AgentError for a fork whose first checkpoint is lost."""
    state = initial_state(run)
    if run.settings.get("forked", {}).get("after"):
        raise AgentError("The checkpoint that this run began from is damaged; fork the earlier run again.")
    if "restored" in run.settings:
        return _restored(run) or (state, ())
    found = _checkpoint(run, "base")
    if found is None or not profile_uses_ai(run.provider_profile, run.project.owner):
        # The offline provider writes the whole application anew from the description with the change in it.
        return state, ()
    before, files = found
    changed = {
        "change": run.settings["change"],
        "requirements": before.requirements,
        "plan": before.plan,
        "name": before.name,
        "language": before.language,
    }
    return state.model_copy(update=changed), files


def base_files(run: Run) -> tuple[SourceFile, ...]:
    """The application that a follow-up changes, as it was; nothing for other runs."""
    found = _checkpoint(run, "base")
    return () if found is None else found[1]


def base_of(run: Run) -> Checkpoint | None:
    """The checkpoint with a run's whole application; None when it never had one."""
    newest = Checkpoint.objects.latest_good(run)
    return newest if newest is not None and newest.stage == StageName.EXECUTION else None


def _restored(run: Run) -> tuple[RunState, tuple[SourceFile, ...]] | None:
    """The files of another run, some of them as they were before its change; only the proof is still to be done."""
    latest = _checkpoint(run, "restored_from")
    if latest is None:
        return None
    state, files = latest
    earlier = {file.path: file for file in base_files(run) if file.path in run.settings["restored"]}
    tree = {file.path: file for file in files} | earlier
    done = tuple(stage for stage in StageName if stage != StageName.EXECUTION)
    return state.model_copy(update={**JUDGEMENT, "done": done}), tuple(tree.values())


def _checkpoint(run: Run, setting: str) -> tuple[RunState, tuple[SourceFile, ...]] | None:
    """State and files of a checkpoint of the same project that a setting names."""
    row = Checkpoint.objects.filter(pk=run.settings.get(setting), run__project=run.project_id).first()
    return None if row is None else restore(row)
