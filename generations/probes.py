"""Tests of models: asked for by people, made by a worker, never inside of a web request."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from agents.errors import AgentError, Stopped, Waiting
from agents.probing.findings import Finding
from agents.probing.probe import CHEAP_OUTPUT_TOKENS, OUTPUT_CHOICES, Notes, ProbeCall, Probed, about, probe
from agents.providers.catalogue import ModelChoice
from agents.providers.limits import Counted
from generations import draining
from generations.allowances import check_day
from generations.delivery import queue_is_empty, wake_tester
from generations.errors import LaunchError, TooMany
from generations.leases import is_gone, worker_name
from generations.ledger import IN_FLIGHT, lose_probe_calls, store_probe_call
from generations.limited import LimitedProvider
from generations.masking import mask
from generations.models import ModelProbe, ProbeStatus
from generations.offers import Offer, offer_of
from generations.providers import client_for
from generations.rates import SharedLimiter
from generations.text import storable

HOUR = timedelta(hours=1)
AT_ONCE = 3
CALL_SECONDS, WHOLE_SECONDS = 120.0, 600.0
BROKE_OFF = "The worker that tested it was lost; test it again."


def start_probe(
    user: AbstractBaseUser,
    offer: Offer,
    *,
    owner: AbstractBaseUser | None,
    output_tokens: int = CHEAP_OUTPUT_TOKENS,
) -> ModelProbe:
    """Store a test and wake a worker for it; one that is going on already is given instead.

    Without ``owner`` it is a test of the site's, which counts for everybody. Raises LaunchError, TooMany.
    """
    if output_tokens not in OUTPUT_CHOICES:
        raise LaunchError(f"Choose one of these lengths: {', '.join(map(str, OUTPUT_CHOICES))}.")
    with transaction.atomic():
        # One wish of a person after the other, so that many at once pass no limit.
        get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
        same = ModelProbe.objects.going_on().filter(owner=owner, provider=offer.provider, model=offer.choice.model)
        going_on = same.first()
        if going_on is not None:
            return going_on
        _check_rate(user)
        _check_day(user, offer, output_tokens)
        row = ModelProbe.objects.create(
            owner=owner,
            asked_by=user,
            endpoint=offer.endpoint,
            provider=offer.provider,
            model=offer.choice.model,
            output_tokens=output_tokens,
        )
        wake_tester()
    return row


def _check_rate(user: AbstractBaseUser) -> None:
    lately = ModelProbe.objects.asked_by(user, HOUR)
    if lately.count() >= settings.PROBES_PER_HOUR:
        oldest = lately.order_by("created_at").values_list("created_at", flat=True)[0]
        wait = max(1, int((oldest + HOUR - timezone.now()).total_seconds()))
        raise TooMany(
            f"{settings.PROBES_PER_HOUR} tests an hour are allowed; the next one in {wait // 60 + 1} min.", wait
        )
    if ModelProbe.objects.going_on().filter(asked_by=user).count() >= AT_ONCE:
        raise TooMany(f"{AT_ONCE} of your tests are still going on; wait for one of them.", 30)


def _check_day(user: AbstractBaseUser, offer: Offer, output_tokens: int) -> None:
    """A test that would not fit into what is left of the day is not begun. Without a model only a list is asked for."""
    if not offer.choice.model:
        return
    prompt, answer, cost = about(offer.choice, output_tokens)
    try:
        check_day(user, prompt + answer, Decimal(str(cost or 0)))
    except Waiting as error:
        raise TooMany(str(error), int(error.seconds) + 1) from error


def execute_next_probe() -> None:
    """Make the test that waits longest, if there is one. The queue's task."""
    if draining.begun():
        return
    waiting = ModelProbe.objects.filter(status=ProbeStatus.QUEUED).order_by("created_at")
    for probe_id in waiting.values_list("pk", flat=True)[:20]:
        row = ModelProbe.objects.claim(probe_id, worker_name())
        if row is not None:
            _execute(row)
            break
    if waiting.exists():
        wake_tester()


def end_lost_probes() -> int:
    """End the tests whose worker is gone, and wake a worker where the message was lost; gives how many ended."""
    if ModelProbe.objects.filter(status=ProbeStatus.QUEUED).exists() and queue_is_empty():
        wake_tester()
    ended = 0
    for row in ModelProbe.objects.filter(status=ProbeStatus.RUNNING):
        over = row.started_at is not None and timezone.now() - row.started_at > timedelta(seconds=2 * WHOLE_SECONDS)
        if is_gone(row.worker) or over:
            ended += _end(row, ProbeStatus.FAILED, BROKE_OFF)
    return ended


def _execute(row: ModelProbe) -> None:
    """Make a claimed test. Whatever the endpoint does is a finding; what keeps it from being asked ends the test."""
    started = time.monotonic()
    try:
        # The model as it is set down; what an earlier test found does not count.
        choice = offer_of(row.owner, row.provider, row.model).choice
        client = _client(row)
        notes = Notes(found=partial(_note, row), called=partial(_record, row, choice))
        probe(
            client,
            choice,
            notes,
            stop=lambda: draining.overdue() or time.monotonic() - started > WHOLE_SECONDS,
            output_tokens=row.output_tokens,
        )
    except Stopped:
        if draining.overdue():
            _held(row).update(status=ProbeStatus.QUEUED, worker="", started_at=None, findings=[])
            return
        _end(row, ProbeStatus.FAILED, f"It took longer than {WHOLE_SECONDS / 60:.0f} minutes.")
    except AgentError as error:
        _end(row, ProbeStatus.FAILED, str(error))
    else:
        _end(row, ProbeStatus.DONE, "")


def _client(row: ModelProbe) -> Probed:
    """A client that keeps within what the key allows, together with all runs."""
    client = client_for(row.owner, row.provider, CALL_SECONDS)
    accounts = {row.provider: client.account} if isinstance(client, Counted) else {}
    return LimitedProvider(cast(Probed, client), row.provider, SharedLimiter(None, accounts))


def _note(row: ModelProbe, finding: Finding) -> None:
    """Store a finding as soon as it is there. Raises Stopped when the test was deleted meanwhile."""
    row.findings.append({**asdict(finding), "reason": mask(str(storable(finding.reason)))})
    if not _held(row).update(findings=row.findings):
        raise Stopped("The test is gone.")


def _record(row: ModelProbe, choice: ModelChoice, call: ProbeCall) -> None:
    """Write a call to the ledger. Raises Waiting for one that the day has no room for, and Stopped."""
    with transaction.atomic():
        if call.outcome == IN_FLIGHT and not _held(row).select_for_update().exists():
            raise Stopped("The test is gone.")
        # Who deletes a test while a call is under way has spent on it all the same.
        if get_user_model().objects.filter(pk=row.asked_by_id).exists():
            store_probe_call(row, choice, call)


def _end(row: ModelProbe, status: str, reason: str) -> int:
    lose_probe_calls(row)
    return _held(row).update(status=status, reason=mask(reason)[:300], finished_at=timezone.now())


def _held(row: ModelProbe) -> QuerySet[ModelProbe]:
    """The row while its worker still has it."""
    return ModelProbe.objects.filter(pk=row.pk, status=ProbeStatus.RUNNING, worker=row.worker)
