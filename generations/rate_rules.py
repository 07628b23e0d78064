"""The rules of rate limits: what a key's state, its limits and its tickets say about one more call."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Sum, Value
from django.db.models.functions import Now

from agents.providers.limits import NotYet
from generations.models import CallLimit, CallTicket, KeyState, RunStatus
from generations.providers import label_of

MINUTE = timedelta(minutes=1)
# A place may be free again at any moment.
PLACE_SECONDS = 1.0
FIRST_BACKOFF, LONGEST_BACKOFF = 15.0, 900.0
LONGEST_BLOCK = 86_400.0
STRIKES_TO_OPEN = 3
# A call outside of any run has no lease that tells whether its worker lives.
LONGEST_OF_NO_RUN = timedelta(minutes=3)

Tickets = QuerySet[CallTicket]


def block_seconds(state: KeyState, told: float | None) -> float:
    """How long nobody asks after the trouble just counted: as told, at most a day, or longer with each strike.

    0 for the first troubles that are no refusal: a single one may be chance.
    """
    if told is not None and math.isfinite(told):
        return min(max(told, 0.0), LONGEST_BLOCK)
    if state.kind == "rate":
        return _backoff(state.strikes)
    return _backoff(state.strikes - STRIKES_TO_OPEN + 1) if state.strikes >= STRIKES_TO_OPEN else 0.0


def blocked(state: KeyState, tickets: Tickets, now: datetime) -> NotYet | None:
    """What the state of a model says: it is blocked, or one call tries whether it answers again."""
    if state.blocked_until is not None and state.blocked_until > now:
        seconds = (state.blocked_until - now).total_seconds()
        words = "takes no more requests for now" if state.kind == "rate" else "did not answer the last times"
        return NotYet(
            seconds, f"{label_of(state.provider)} {words}; it is asked again in {_in_words(seconds)}.", state.kind
        )
    trying = state.kind == "busy" and state.strikes >= STRIKES_TO_OPEN
    if trying and in_flight(tickets).exists():
        return NotYet(
            PLACE_SECONDS, f"{label_of(state.provider)} did not answer the last times; one call tries it again.", "busy"
        )
    return None


def over(limit: CallLimit, tickets: Tickets, tokens: int, now: datetime) -> NotYet | None:
    """What a limit says about one more call of so many tokens."""
    return (
        _over_a_day(limit, tickets, now)
        or _over_requests(limit, tickets, now)
        or _over_tokens(limit, tickets, tokens, now)
        or _all_places_taken(limit, tickets)
    )


def in_flight(tickets: Tickets) -> Tickets:
    """Those whose call goes on: a worker that was lost holds no place."""
    running = Q(run__status=RunStatus.RUNNING, run__fence=F("fence"), run__lease_expires_at__gt=Now())
    of_no_run = Q(run=None, at__gt=Now() - Value(LONGEST_OF_NO_RUN))
    return tickets.filter(running | of_no_run, left_at=None)


def _over_a_day(limit: CallLimit, tickets: Tickets, now: datetime) -> NotYet | None:
    if limit.requests_per_day is None:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if tickets.filter(at__gte=midnight).count() < limit.requests_per_day:
        return None
    seconds = (midnight + timedelta(days=1) - now).total_seconds()
    used = f"{limit.requests_per_day} of {limit.requests_per_day} requests of today are used"
    return NotYet(seconds, f"{limit}: {used}; the next day begins at 00:00 UTC.")


def _over_requests(limit: CallLimit, tickets: Tickets, now: datetime) -> NotYet | None:
    if limit.requests_per_minute is None:
        return None
    recent = tickets.filter(at__gt=now - MINUTE).order_by("-at").values_list("at", flat=True)
    full = recent[limit.requests_per_minute - 1 : limit.requests_per_minute]
    if not full:
        return None
    seconds = (full[0] + MINUTE - now).total_seconds()
    left = _left_today(limit, tickets, now)
    return NotYet(max(seconds, 0.1), f"{limit}: {limit.requests_per_minute} requests a minute are used{left}.")


def _over_tokens(limit: CallLimit, tickets: Tickets, tokens: int, now: datetime) -> NotYet | None:
    if limit.tokens_per_minute is None:
        return None
    recent = tickets.filter(at__gt=now - MINUTE)
    used = recent.aggregate(used=Sum("tokens"))["used"] or 0
    # A single call that is larger than the limit would never be let through otherwise.
    if not used or used + tokens <= limit.tokens_per_minute:
        return None
    oldest = recent.order_by("at").values_list("at", flat=True)[0]
    seconds = max((oldest + MINUTE - now).total_seconds(), 0.1)
    return NotYet(seconds, f"{limit}: {used} of {limit.tokens_per_minute} tokens a minute are used.")


def _all_places_taken(limit: CallLimit, tickets: Tickets) -> NotYet | None:
    if limit.calls_at_once is None or in_flight(tickets).count() < limit.calls_at_once:
        return None
    return NotYet(PLACE_SECONDS, f"{limit}: {limit.calls_at_once} calls at once are under way.")


def _left_today(limit: CallLimit, tickets: Tickets, now: datetime) -> str:
    if limit.requests_per_day is None:
        return ""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    left = limit.requests_per_day - tickets.filter(at__gte=midnight).count()
    return f" · {left} of {limit.requests_per_day} left today"


def _backoff(strikes: int) -> float:
    """15 s, doubled with each further strike, at most 15 minutes; up to a quarter less, lest all come at once."""
    longest = min(FIRST_BACKOFF * 2 ** min(strikes - 1, 10), LONGEST_BACKOFF)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 - no secret


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
