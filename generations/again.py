"""Runs again from a checkpoint: what is reused, what is done again, and whether it is an attempt or a fork."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.events import LogLine
from agents.state import RunState
from agents.types import SourceFile, StageName
from agents.workspace import tree_hash
from generations.artifacts import store_tree
from generations.attempts import ANEW, set_aside
from generations.beginnings import JUDGEMENT
from generations.checkpoints import restore, state_document, state_hash
from generations.delivery import wake_worker
from generations.editing import discard, with_edits
from generations.errors import LaunchError
from generations.events import append_events
from generations.keys import remember_keys
from generations.launch import start_run
from generations.ledger import forget_replies
from generations.masking import mask_files
from generations.models import Attempt, Checkpoint, CheckpointStatus, Draft, Origin, Run, RunStatus
from generations.order import RunOrder, order_like, with_extra
from generations.talking import EditedPlan

# What a fork takes over of what its parent was told.
KEPT = ("asks", "answers", "answered", "approves", "approved", "change", "base")
UNREAD = {"findings": (), "confidence": None, "confidence_reason": "", "criteria_met": {}, "set_aside": ()}
PLAN = "the plan"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What shall be other than in the run before. ``version`` is that of the edits that were seen."""

    profile: str
    budget_usd: Decimal | None
    max_tokens: int | None
    models: Mapping[str, int]
    submission: uuid.UUID | None = None
    version: int | None = None

    @classmethod
    def none(cls, run: Run) -> Wishes:
        """Everything as it was."""
        budget, tokens = run.settings.get("budget_usd"), run.settings.get("max_tokens")
        models = run.settings.get("models", {})
        return cls(run.provider_profile, None if budget is None else Decimal(budget), tokens, models)


@dataclass(frozen=True, slots=True)
class Reused:
    """A stage that is not done again, and when it was done."""

    stage: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run begins again. Without a checkpoint that is the very start; ``edited`` names what was changed."""

    checkpoint: Checkpoint | None
    state: RunState | None
    files: tuple[SourceFile, ...]
    reused: tuple[Reused, ...]
    edited: tuple[str, ...]
    version: int = 0

    @property
    def again(self) -> tuple[StageName, ...]:
        """The stages that are done (again)."""
        done = () if self.state is None else self.state.done
        return tuple(stage for stage in StageName if stage not in done)

    @property
    def after(self) -> str:
        """The last stage that is reused; '' for none."""
        return "" if self.state is None else self.state.done[-1]

    @property
    def is_new(self) -> bool:
        """Whether the run cannot simply go on from the stored checkpoint as it is."""
        return self.checkpoint is not None and (bool(self.edited) or self.after != self.checkpoint.stage)


def start_at(run: Run, checkpoint: Checkpoint | None) -> Start:
    """What beginning again from a checkpoint of the run means, with its edits. Raises LaunchError with the reason."""
    if not run.at_rest:
        raise LaunchError("This run is still going on. Pause or stop it first; then it can begin again from here.")
    if checkpoint is None:
        return Start(None, None, (), (), ())
    if checkpoint.run_id != run.pk or checkpoint.outcome not in ("succeeded", "damaged"):
        raise LaunchError("Only a stage that ended well can be begun from; choose another checkpoint.")
    if checkpoint.emptied_at is not None:
        raise LaunchError("The files of this checkpoint were removed because of their age. Choose a later one.")
    found = restore(checkpoint)
    if found is None:
        raise LaunchError(
            f"The checkpoint of the stage '{checkpoint.stage}' is damaged: it is not what was stored. "
            "Choose an earlier one."
        )
    draft = Draft.objects.filter(pk=checkpoint.pk).first()
    edited = () if draft is None else (*([PLAN] if draft.plan else []), *draft.files.values_list("path", flat=True))
    state, files = _prepared(found[0], draft, files=bool(edited and edited != (PLAN,))), found[1]
    return Start(
        checkpoint,
        state,
        with_edits(checkpoint, files),
        _reused(checkpoint, state),
        edited,
        0 if draft is None else draft.version,
    )


def checkpoint_before(run: Run, stage: str) -> Checkpoint | None:
    """The newest whole checkpoint with all stages before this one and not itself; None for the first stage.

    Raises LaunchError when there is none.
    """
    wanted = tuple(StageName)[: tuple(StageName).index(StageName(stage))]
    if not wanted:
        return None
    for row in run.checkpoints.filter(stage=wanted[-1]).order_by("-number"):
        if row.outcome == "succeeded" and restore(row) is not None:
            return row
    raise LaunchError(
        f"This run has no whole checkpoint before the stage '{stage}'; begin from an earlier one.", "from"
    )


def makes_fork(run: Run, start: Start, wishes: Wishes) -> bool:
    """Whether a new run comes of it: where something is changed, or the run is not to be touched as it succeeded."""
    before = Wishes.none(run)
    same = (wishes.profile, wishes.budget_usd, wishes.max_tokens) == (
        before.profile, before.budget_usd, before.max_tokens,
    )  # fmt: skip
    return run.status == RunStatus.SUCCEEDED or bool(start.edited) or not same or wishes.models != before.models


def run_again(run: Run, checkpoint: Checkpoint | None, wishes: Wishes, *, deliver: bool = True) -> Run:
    """Begin again from a checkpoint: a new attempt of the same run, or a fork. The same submission twice is one.

    Raises LaunchError.
    """
    owner = run.project.owner
    with transaction.atomic():
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        known = _known(run, wishes.submission)
        if known is not None:
            return known
        run = Run.objects.select_for_update(of=("self",)).select_related("project__owner").get(pk=run.pk)
        start = start_at(run, checkpoint)
        if wishes.version is not None and wishes.version != start.version:
            raise LaunchError("The edits changed since this page was opened; look at them and send it again.")
        made = _fork if makes_fork(run, start, wishes) else _attempt
        begun = made(run, start, wishes, deliver=deliver)
        if checkpoint is not None:
            discard(checkpoint)
    begun.refresh_from_db()
    return begun


def _known(run: Run, submission: uuid.UUID | None) -> Run | None:
    """What this very form began before."""
    if submission is None:
        return None
    if Attempt.objects.filter(submission=submission, run=run).exists():
        return run
    return Run.objects.filter(submission=submission, project=run.project_id).first()


def _fork(run: Run, start: Start, wishes: Wishes, *, deliver: bool) -> Run:
    order = _order(run, start, wishes)
    return start_run(run.project.owner, order, deliver=deliver, also=lambda made: _begin(made, run, start))


def _order(run: Run, start: Start, wishes: Wishes) -> RunOrder:
    order = replace(
        order_like(run, run.prompt, Origin.FORK),
        profile=wishes.profile,
        budget_usd=wishes.budget_usd,
        max_tokens=wishes.max_tokens,
        submission=wishes.submission,
        extra={"models": dict(wishes.models)} if wishes.models else {},
    )
    kept = {name: run.settings[name] for name in KEPT if name in run.settings}
    if start.state is None:
        kept |= {name: run.settings[name] for name in ("restored", "restored_from") if name in run.settings}
    forked = {"number": run.number, "after": start.after, "edited": list(start.edited)}
    return with_extra(order, {**_asked_anew(kept, start), "forked": forked})


def _begin(made: Run, parent: Run, start: Start) -> None:
    """Store what a fork begins with as its own first checkpoint, so that it needs its parent no more."""
    if start.state is None or start.checkpoint is None:
        return
    Run.objects.filter(pk=made.pk).update(language=parent.language)
    _store(made, start, 1)


def _attempt(run: Run, start: Start, wishes: Wishes, *, deliver: bool) -> Run:
    set_aside(run, start.checkpoint, wishes.submission)
    # What is done again is asked again.
    forget_replies(run.pk)
    if start.is_new:
        highest = run.checkpoints.aggregate(number=Max("number"))["number"] or 0
        replaced = run.checkpoints.filter(stage__in=(start.after, *start.again), status=CheckpointStatus.SUCCEEDED)
        replaced.update(status=CheckpointStatus.SUPERSEDED)
        _store(run, start, highest + 1)
    elif start.checkpoint is not None:
        Checkpoint.objects.filter(pk=start.checkpoint.pk).update(status=CheckpointStatus.SUCCEEDED)
    settings = _asked_anew(run.settings, start)
    Run.objects.move(run.pk, RunStatus.QUEUED, queued_at=timezone.now(), settings=settings, **ANEW)
    told = f"Begins again after {start.after}" if start.after else "Begins again from the start"
    append_events(run.pk, [LogLine(stage="", text=f"{told}; the run waits for a worker.")])
    if deliver:
        wake_worker()
    return run


def _asked_anew(settings: Mapping[str, object], start: Start) -> dict[str, object]:
    """The settings; a plan that is made again is to be approved again."""
    if StageName.STRUCTURE in start.again and "approved" in settings:
        return {**settings, "approved": False}
    return dict(settings)


def _store(run: Run, start: Start, number: int) -> None:
    """A checkpoint of the run that holds where it begins; its age is that of what it was made from."""
    if start.state is None or start.checkpoint is None:
        return
    remember_keys(run.project.owner)
    document, files = state_document(start.state), mask_files(start.files)
    row = Checkpoint.objects.create(
        run=run,
        number=number,
        stage=start.after,
        seconds=0.0,
        state=document,
        state_sha256=state_hash(document),
        tree=tree_hash(files),
        confidence=start.state.confidence,
    )
    store_tree(row, files)
    Checkpoint.objects.filter(pk=row.pk).update(created_at=start.checkpoint.created_at)


def _prepared(state: RunState, draft: Draft | None, *, files: bool) -> RunState:
    """The state to begin with: what was judged about other files is not known of these."""
    if draft is not None and draft.plan is not None:
        edited = EditedPlan.model_validate(draft.plan)
        state = state.model_copy(update={"requirements": edited.requirements, "plan": edited.plan})
    if files and StageName.VALIDATION in state.done:
        done = tuple(StageName)[: tuple(StageName).index(StageName.VALIDATION)]
        return state.model_copy(update={**JUDGEMENT, **UNREAD, "done": done})
    if StageName.EXECUTION in state.done:
        done = tuple(stage for stage in state.done if stage != StageName.EXECUTION)
        return state.model_copy(update={**JUDGEMENT, "done": done})
    return state


def _reused(checkpoint: Checkpoint, state: RunState) -> tuple[Reused, ...]:
    """The stages that are done already, each as old as its own checkpoint."""
    rows = checkpoint.run.checkpoints.filter(number__lte=checkpoint.number).order_by("number")
    ages = dict(rows.values_list("stage", "created_at"))
    first = rows.first()
    oldest = checkpoint.created_at if first is None else first.created_at
    return tuple(Reused(stage, ages.get(stage, oldest)) for stage in state.done)
