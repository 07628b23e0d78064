"""What a person asks for: open an application, stop it, or try a command. The preview process does it."""

from __future__ import annotations

import shlex
import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from generations.errors import LaunchError, TooMany
from generations.models import Preview, Run, TryOut
from generations.previewing.delivered import can_be_opened, can_be_tried, delivered_by

STOPPED = "It was stopped."
STARTS_PER_HOUR = 60
HOUR = timedelta(hours=1)
MAX_ARGUMENTS = 2_000
MAX_UPLOAD = 5 * 1024**2
KEPT = 10
SAFE_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


def start_preview(user: AbstractBaseUser, run: Run) -> Preview:
    """The live preview of the run's newest version, started if there is none. Raises LaunchError, TooMany."""
    found = delivered_by(run)
    if not can_be_opened(found.state):
        raise LaunchError("This application is no server, so there is nothing to open in a browser.")
    with transaction.atomic():
        _one_at_a_time(user)
        live = Preview.objects.live().filter(run=run)
        same = live.filter(checkpoint=found.checkpoint).first()
        if same is not None:
            return same
        live.end("A newer version of it was opened.")
        _check_room(user)
        _keep_newest(run.previews)
        return Preview.objects.create(user_id=user.pk, run=run, checkpoint=found.checkpoint)


def stop_previews(run: Run) -> int:
    """Stop the preview of a run; its process ends the sandbox at its next look. Gives how many were stopped."""
    return Preview.objects.filter(run=run).end(STOPPED)


def start_try(user: AbstractBaseUser, run: Run, arguments: str, upload: tuple[str, bytes] | None) -> TryOut:
    """Have the run's command line tool run once with these arguments and this file. Raises LaunchError, TooMany."""
    found = delivered_by(run)
    if not can_be_tried(found.state):
        raise LaunchError("This application is no command that could be tried with arguments.")
    words_of(arguments)
    name, content = ("", None) if upload is None else (_safe_name(upload[0]), upload[1])
    if content is not None and len(content) > MAX_UPLOAD:
        raise LaunchError(f"The file is larger than {MAX_UPLOAD >> 20} MiB.", "upload")
    if name in {file.path for file in found.files}:
        raise LaunchError(f"The application has a file '{name}' of its own; give yours another name.", "upload")
    with transaction.atomic():
        _one_at_a_time(user)
        if TryOut.objects.live().filter(user_id=user.pk).exists():
            raise TooMany("Another try of yours is still going on; wait for its end.", 5)
        _check_rate(user)
        _keep_newest(run.tries)
        return TryOut.objects.create(
            user_id=user.pk,
            run=run,
            checkpoint=found.checkpoint,
            arguments=arguments,
            upload_name=name,
            upload=content,
        )


def words_of(arguments: str) -> list[str]:
    """The arguments one by one; no shell reads them. Raises LaunchError."""
    if len(arguments) > MAX_ARGUMENTS or "\0" in arguments:
        raise LaunchError(f"The arguments are longer than {MAX_ARGUMENTS} characters.", "arguments")
    try:
        return shlex.split(arguments)
    except ValueError as error:
        raise LaunchError("A quotation mark in the arguments is not closed.", "arguments") from error


def _one_at_a_time(user: AbstractBaseUser) -> None:
    """One wish of a person after the other, so that many at once pass no limit."""
    get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)


def _keep_newest(rows: QuerySet[Preview] | QuerySet[TryOut]) -> None:
    """Make room for one more among those of a run that are kept. Those of the last hour still count, but are empty."""
    old = rows.filter(pk__in=list(rows.order_by("-created_at").values_list("pk", flat=True)[KEPT - 1 :]))
    old.filter(created_at__lt=timezone.now() - HOUR).delete()
    if rows.model is TryOut:
        old.update(arguments="", output="", files=[], written=None)


def _check_room(user: AbstractBaseUser) -> None:
    live = Preview.objects.live()
    if live.filter(user_id=user.pk).count() >= settings.PREVIEWS_PER_USER:
        raise TooMany(f"{settings.PREVIEWS_PER_USER} of your applications are open; stop one of them first.", 60)
    if live.count() >= settings.PREVIEWS:
        raise TooMany("All places for open applications are taken; try again in some minutes.", 120)
    _check_rate(user)


def _check_rate(user: AbstractBaseUser) -> None:
    since = timezone.now() - HOUR
    asked = sum(model.objects.filter(user_id=user.pk, created_at__gt=since).count() for model in (Preview, TryOut))
    if asked >= STARTS_PER_HOUR:
        raise TooMany(f"{STARTS_PER_HOUR} starts an hour are allowed; try again later.", 600)


def _safe_name(name: str) -> str:
    """A plain file name for an upload."""
    last = name.replace("\\", "/").rpartition("/")[2][-100:]
    plain = "".join(character if character in SAFE_NAME else "_" for character in last).lstrip(".-")
    return plain or f"upload-{uuid.uuid4().hex[:6]}"
