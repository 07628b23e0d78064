"""The user's actions. Web, command line and Python API all call these and nothing below them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.events import LogLine
from generations.attempts import ANEW, set_aside
from generations.beginnings import base_files, base_of
from generations.delivery import wake_worker
from generations.errors import LaunchError
from generations.events import append_events
from generations.halting import request_pause, request_stop
from generations.images import UploadedImage, store_images
from generations.keys import remember_keys
from generations.masking import mask_known
from generations.models import Checkpoint, Origin, Project, Run, RunStatus
from generations.order import RunOrder, checked, order_like, with_extra
from generations.run_budget import is_at_limit, with_more
from generations.soundness import is_sound, mark_damaged, newest_sound
from generations.talking import awaited
from generations.text import clean_text, is_blank, title_from

__all__ = [
    "LaunchError",
    "RunOrder",
    "UploadedImage",
    "follow_up",
    "request_pause",
    "request_stop",
    "restore_files",
    "resume_run",
    "retry_run",
    "start_run",
]

RESUMABLE = (RunStatus.PAUSED, RunStatus.UNVERIFIED, RunStatus.FAILED, RunStatus.STOPPED)
CHANGE = "\n\nChange the application that this description led to:\n"


def start_run(
    owner: AbstractBaseUser, order: RunOrder, *, deliver: bool = True, also: Callable[[Run], None] | None = None
) -> Run:
    """Store a run and wake a worker for it; the same submission sent twice gives the same run.

    ``deliver=False`` is for callers that execute it themselves at once (``tasks.execute_run``). ``also`` stores what a
    new run begins with, in the same transaction.
    Raises LaunchError, whose ``field`` names what is wrong.
    """
    order = checked(order, owner)
    with transaction.atomic():
        # One order of an owner after the other: numbers and slugs stay unique, double clicks are one run.
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        known = Run.objects.filter(submission=order.submission).select_related("project").first()
        if known is not None and order.submission is not None:
            return _own(known, owner)
        run = _create(owner, order)
        if also is not None:
            also(run)
        append_events(run.pk, [LogLine(stage="", text="The run waits for a worker.")])
        if deliver:
            wake_worker()
    run.refresh_from_db(fields=["last_seq"])
    return run


def resume_run(run: Run, *, add_usd: Decimal | None = None, add_tokens: int | None = None) -> Run:
    """Queue a paused or ended run again; it goes on from its last checkpoint.

    A run that paused at its limit may spend so much more, without a figure as much again as was ordered. A run that
    was judged, but not as succeeded, is executed again. Raises LaunchError if it succeeded or goes on, or for an
    amount that is none.
    """
    with transaction.atomic():
        before = Run.objects.select_for_update().get(pk=run.pk)
        if before.status not in RESUMABLE:
            raise LaunchError("This run cannot be resumed: it succeeded, or it is going on already.")
        start, damaged = newest_sound(before, judged=False)
        told = mark_damaged(damaged)
        settings, fresh = _going_on(before, add_usd, add_tokens), {**ANEW}
        if before.ended and before.started_at is not None:
            set_aside(before, start and start.checkpoint)
        else:
            # A pause is no end: the attempt goes on, and so does its time.
            fresh.pop("started_at")
        Run.objects.move(run.pk, RunStatus.QUEUED, queued_at=timezone.now(), settings=settings, **fresh)
        append_events(run.pk, [*told, LogLine(stage="", text="Resumed; the run waits for a worker.")])
        wake_worker()
    run.refresh_from_db()
    return run


def retry_run(run: Run) -> Run:
    """A new run of the same order in the same project."""
    kept = ("change", "base", "restored", "restored_from")
    extra = {name: run.settings[name] for name in kept if name in run.settings}
    return start_run(run.project.owner, with_extra(order_like(run, run.prompt, Origin.RETRY), extra))


def follow_up(run: Run, text: str, version: Checkpoint | None = None) -> Run:
    """A new run in the same project that makes the application with a change. Raises LaunchError.

    It begins from what the run made, or from another version of the project; its parent is whoever made that.
    """
    remember_keys(run.project.owner)
    change = mask_known(clean_text(text))
    if is_blank(change):
        raise LaunchError("Say in a sentence what is to change.", "prompt")
    if run.live:
        raise LaunchError("This run is still going on. Ask for a change when it has ended, or stop it first.", "prompt")
    base = version or base_of(run)
    if base is not None and not is_sound(base):
        raise LaunchError("The version to be changed is damaged; make another one the current version.", "prompt")
    parent = run if base is None else base.run
    order = order_like(parent, f"{parent.prompt}{CHANGE}{change}", Origin.FOLLOW_UP)
    extra = {} if base is None else {"change": change, "base": str(base.pk)}
    return start_run(run.project.owner, with_extra(order, extra))


def restore_files(run: Run, paths: Collection[str]) -> Run:
    """A new run that proves the application of a follow-up with these files as they were before its change.

    Raises LaunchError for a run that changed nothing, or for paths that were not there before.
    """
    latest, base = base_of(run), run.settings.get("base")
    earlier = {file.path for file in base_files(run)}
    if latest is None or not base:
        raise LaunchError("This run changed no earlier application, so there is nothing to restore.")
    if not paths or not earlier >= set(paths):
        raise LaunchError("Choose files that were there before the change.")
    extra = {
        "change": run.settings.get("change", ""),
        "base": base,
        "restored": sorted(paths),
        "restored_from": str(latest.pk),
    }
    return start_run(run.project.owner, with_extra(order_like(run, run.prompt, Origin.RESTORE), extra))


def _own(run: Run, owner: AbstractBaseUser) -> Run:
    if run.project.owner_id != owner.pk:
        raise LaunchError("This form was used already; open it again and send it once more.")
    return run


def _create(owner: AbstractBaseUser, order: RunOrder) -> Run:
    project = order.project
    if project is None:
        name = order.name or title_from(order.prompt)
        slug = Project.free_slug(owner, name)
        project = Project.objects.create(owner_id=owner.pk, name=name, slug=slug, description=order.prompt)
    elif project.owner_id != owner.pk:
        raise LaunchError("This project does not exist.", "project")
    highest = Run.objects.filter(project=project).aggregate(number=Max("number"))["number"] or 0
    run = Run(
        project=project,
        number=highest + 1,
        parent=order.parent,
        origin=order.origin,
        prompt=order.prompt,
        language=order.language,
        provider_profile=order.profile,
        settings={
            "name": order.name,
            "language": order.language,
            "budget_usd": None if order.budget_usd is None else str(order.budget_usd),
            "max_tokens": order.max_tokens,
            **order.extra,
        },
    )
    if order.submission is not None:
        run.submission = order.submission
    run.save(force_insert=True)
    store_images(run, order.images)
    return run


def _going_on(run: Run, add_usd: Decimal | None, add_tokens: int | None) -> dict[str, object]:
    """The settings of a run that goes on: with an answer it was waiting for, or with more to spend."""
    if run.status != RunStatus.PAUSED:
        return run.settings
    if is_at_limit(run):
        return with_more(run, add_usd, add_tokens)
    kind, _state = awaited(run)
    # Going on without a word is an answer too.
    return {**run.settings, "answered" if kind == "answers" else "approved": True} if kind else run.settings
