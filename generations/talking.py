"""What a run asks its person, and how the answers let it go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.events import LogLine
from agents.plan import Plan, Requirements, Value
from agents.plan_check import plan_problem, server_problem
from agents.state import RunState
from agents.types import StageName
from agents.workspace import tree_hash
from generations.artifacts import store_tree
from generations.checkpoints import state_document, state_hash, with_words
from generations.delivery import wake_worker
from generations.errors import LaunchError
from generations.events import append_events
from generations.keys import remember_keys
from generations.masking import mask_files, mask_known
from generations.models import Checkpoint, CheckpointStatus, Run, RunStatus
from generations.soundness import newest_sound
from generations.text import clean_text, is_blank

MAX_ANSWER = 4_000
NOT_ASKED = "Nothing is asked of you here any more; look at the run as it is now."


class EditedPlan(Value):
    """A plan as the person wants it, with the acceptance criteria."""

    requirements: Requirements
    plan: Plan


def awaited(run: Run) -> tuple[str, RunState | None]:
    """What a paused run waits for ('answers', 'approval' or '') and its state."""
    found = newest_sound(run)[0] if run.status == RunStatus.PAUSED else None
    if found is None:
        return "", None
    state = with_words(found.state, run)
    return state.awaits, state


def answer(run: Run, answers: Sequence[str]) -> Run:
    """Give the answers, in the order of the questions; '' leaves one open. Raises LaunchError."""
    kind, state = awaited(run)
    if kind != "answers" or state is None:
        raise LaunchError(NOT_ASKED)
    remember_keys(run.project.owner)
    cleaned = [mask_known(clean_text(text[:MAX_ANSWER])) for text in answers]
    given = [[q, a] for q, a in zip(state.questions, cleaned, strict=False) if not is_blank(a)]

    def again() -> None:
        if given:
            # With answers the requirements are made once more; without any they stand as they are.
            run.checkpoints.filter(stage=StageName.REQUIREMENTS).update(status=CheckpointStatus.SUPERSEDED)

    told = f"{len(given)} of {len(state.questions)} questions were answered."
    return _go_on(run, {"answered": True, "answers": given}, told, again)


def approve(run: Run, edited: EditedPlan | None = None) -> Run:
    """Let the plan be carried out, as it is or as edited. Raises LaunchError for one that cannot be."""
    kind, state = awaited(run)
    if kind != "approval" or state is None:
        raise LaunchError(NOT_ASKED)
    if edited is None or (edited.requirements, edited.plan) == (state.requirements, state.plan):
        return _go_on(run, {"approved": True}, "The plan was approved.", lambda: None)
    check_plan(edited)
    changed = state.model_copy(update={"requirements": edited.requirements, "plan": edited.plan})
    return _go_on(run, {"approved": True}, "The plan was changed and approved.", lambda: _replace_plan(run, changed))


def check_plan(edited: EditedPlan) -> None:
    """Raises LaunchError for a plan that cannot be carried out."""
    problem = plan_problem(edited.plan) or server_problem(edited.requirements.project_type, edited.plan)
    if problem:
        raise LaunchError(problem, "plan")


def _replace_plan(run: Run, state: RunState) -> None:
    """Store the edited plan as the checkpoint that the run goes on from."""
    found, _damaged = newest_sound(run)
    if found is None:
        raise LaunchError(NOT_ASKED)
    remember_keys(run.project.owner)
    newest, document, files = found.checkpoint, state_document(state), mask_files(found.files)
    highest = run.checkpoints.aggregate(number=Max("number"))["number"] or 0
    row = Checkpoint.objects.create(
        run=run,
        number=highest + 1,
        stage=newest.stage,
        seconds=newest.seconds,
        tokens=newest.tokens,
        cost_usd=newest.cost_usd,
        state=document,
        state_sha256=state_hash(document),
        tree=tree_hash(files),
    )
    store_tree(row, files)
    newest.status = CheckpointStatus.SUPERSEDED
    newest.save(update_fields=["status"])


def _go_on(run: Run, settings: dict[str, object], told: str, also: Callable[[], None]) -> Run:
    with transaction.atomic():
        before = Run.objects.select_for_update().get(pk=run.pk)
        moved = Run.objects.move(
            run.pk,
            RunStatus.QUEUED,
            sources=(RunStatus.PAUSED,),
            queued_at=timezone.now(),
            pause_requested_at=None,
            attempts=0,
            reason="",
            settings={**before.settings, **settings},
        )
        if not moved:
            raise LaunchError(NOT_ASKED)
        also()
        append_events(run.pk, [LogLine(stage="", text=f"{told} The run waits for a worker.")])
        wake_worker()
    run.refresh_from_db()
    return run
