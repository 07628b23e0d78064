"""What a person may spend a day: held before each call, so that no number of workers can pass it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from agents.budget import WARNING_SHARE
from agents.errors import Waiting
from agents.types import Awaited
from generations.models import Allowance, DaySpending, ModelCall, ProbeStatus, Run, RunStatus

IN_FLIGHT = "in flight"
MOSTLY = Decimal(str(WARNING_SHARE))
AT_THE_LIMIT = "At 100 % your runs wait for the next day."
RAISED = "Before that, an administrator can raise the limit under Administration, Allowances"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person may spend a day; None: no limit."""

    tokens: int | None
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Day:
    """One person's day: what is spent and what calls under way hold, and its limits."""

    spent_tokens: int
    spent_usd: Decimal
    held_tokens: int
    held_usd: Decimal
    limits: Limits
    ends_in: timedelta

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.limits.tokens is not None or self.limits.usd is not None

    @property
    def tokens(self) -> int:
        """Tokens that are spent or held."""
        return self.spent_tokens + self.held_tokens

    @property
    def cost_usd(self) -> Decimal:
        """US dollars that are spent or held."""
        return self.spent_usd + self.held_usd

    @property
    def tokens_left(self) -> int | None:
        """None without a limit."""
        return None if self.limits.tokens is None else max(0, self.limits.tokens - self.tokens)

    @property
    def usd_left(self) -> Decimal | None:
        """None without a limit."""
        return None if self.limits.usd is None else max(Decimal(0), self.limits.usd - self.cost_usd)

    @property
    def used_up(self) -> bool:
        """Whether all of a limit is spent."""
        return any(share >= 1 for share, _words in self._shares())

    @property
    def notice(self) -> str:
        """What the pages say from 80 % of a limit on; '' before."""
        share, words = max(self._shares(), default=(Decimal(0), ""))
        if share < MOSTLY:
            return ""
        ends = f"The day ends at 00:00 UTC, in {_in_words(self.ends_in)}"
        if share >= 1:
            return f"{words}. {ends}; runs that wait go on by themselves then. {RAISED}."
        return f"{words}, {int(100 * share)} %. {AT_THE_LIMIT} {ends}."

    def _shares(self) -> list[tuple[Decimal, str]]:
        """The part of each limit that is spent, and how that is said."""
        found = []
        if self.limits.tokens is not None:
            words = f"{self.spent_tokens:,} of your {self.limits.tokens:,} tokens for today are spent"
            found.append((_share(self.spent_tokens, self.limits.tokens), words))
        if self.limits.usd is not None:
            words = f"${self.spent_usd:.2f} of your ${self.limits.usd:.2f} for today are spent"
            found.append((_share(self.spent_usd, self.limits.usd), words))
        return found


def day_of(owner: AbstractBaseUser, now: datetime | None = None) -> Day:
    """What the owner spent on the day of ``now``, and may spend."""
    return _day(owner, _limits_of(owner), now or timezone.now())


def limited_day_of(owner: AbstractBaseUser) -> Day | None:
    """The same for people with a limit; None for others, which costs the pages next to nothing."""
    limits = _limits_of(owner)
    return None if limits == Limits(None, None) else _day(owner, limits, timezone.now())


def _day(owner: AbstractBaseUser, limits: Limits, now: datetime) -> Day:
    row = DaySpending.objects.filter(owner_id=owner.pk, day=now.date()).first()
    held = _held(owner)
    return Day(
        spent_tokens=row.tokens if row else 0,
        spent_usd=row.cost_usd if row else Decimal(0),
        held_tokens=held["tokens"] or 0,
        held_usd=held["cost"] or Decimal(0),
        limits=limits,
        ends_in=_midnight_after(now) - now,
    )


def check_day(owner: AbstractBaseUser, tokens: int, cost_usd: Decimal, now: datetime | None = None) -> None:
    """Make sure that a call fits into the owner's day. Raises Waiting until the next one.

    Expects the transaction that also stores the call as in flight: the day's row is locked until its end.
    """
    now = now or timezone.now()
    DaySpending.objects.get_or_create(owner_id=owner.pk, day=now.date())
    DaySpending.objects.select_for_update().get(owner_id=owner.pk, day=now.date())
    day = day_of(owner, now)
    most, dollars = day.limits.tokens, day.limits.usd
    if most is not None and day.tokens + tokens > most:
        raise _tomorrow(f"{day.tokens:,} of your {most:,} tokens a day are spent or held", day.ends_in)
    if dollars is not None and day.cost_usd + cost_usd > dollars:
        raise _tomorrow(f"${day.cost_usd:.2f} of your ${dollars:.2f} a day are spent or held", day.ends_in)


def add_spending(owner: AbstractBaseUser, tokens: int, cost_usd: Decimal) -> str:
    """Count what a call turned out to have taken; gives a sentence if just that brought the day past 80 % of a limit.

    Expects a transaction: the day's row is locked until its end, so that only one call passes the mark.
    """
    today = timezone.now().date()
    DaySpending.objects.get_or_create(owner_id=owner.pk, day=today)
    rows = DaySpending.objects.filter(owner_id=owner.pk, day=today)
    rows.update(tokens=F("tokens") + tokens, cost_usd=F("cost_usd") + cost_usd)
    limits, now = _limits_of(owner), rows.get()
    if limits.tokens is not None and _passed(now.tokens - tokens, now.tokens, limits.tokens):
        return f"{now.tokens:,} of your {limits.tokens:,} tokens for today are spent. {AT_THE_LIMIT}"
    if limits.usd is not None and _passed(now.cost_usd - cost_usd, now.cost_usd, limits.usd):
        return f"${now.cost_usd:.2f} of your ${limits.usd:.2f} for today are spent. {AT_THE_LIMIT}"
    return ""


def let_go_on(owner: AbstractBaseUser) -> None:
    """The owner's limits were changed: what waited for the next day is tried again now."""
    waiting = Run.objects.for_user(owner).filter(status=RunStatus.WAITING, waits_for=Awaited.ALLOWANCE)
    waiting.update(not_before=timezone.now())


def _limits_of(owner: AbstractBaseUser) -> Limits:
    own = Allowance.objects.filter(owner_id=owner.pk).first()
    tokens, usd = own and own.tokens_per_day, own and own.usd_per_day
    return Limits(
        tokens=tokens if tokens is not None else settings.USER_TOKENS_PER_DAY or None,
        usd=usd if usd is not None else _money(settings.USER_USD_PER_DAY),
    )


def _share(spent: Decimal | int, most: Decimal | int) -> Decimal:
    return Decimal(spent) / most if most else Decimal(1)


def _passed(before: Decimal | int, after: Decimal | int, most: Decimal | int) -> bool:
    return _share(before, most) < MOSTLY <= _share(after, most)


def _held(owner: AbstractBaseUser) -> dict[str, Decimal | int | None]:
    """What calls under way may take at most; a worker that was lost holds nothing."""
    of_runs = Q(
        run__project__owner_id=owner.pk,
        run__status=RunStatus.RUNNING,
        run__fence=F("fence"),
        run__lease_expires_at__gt=Now(),
    )
    of_tests = Q(probe__asked_by_id=owner.pk, probe__status=ProbeStatus.RUNNING)
    calls = ModelCall.objects.filter(of_runs | of_tests, outcome=IN_FLIGHT)
    return calls.aggregate(tokens=Sum("held_tokens"), cost=Sum("held_cost_usd"))


def _tomorrow(spent: str, ends_in: timedelta) -> Waiting:
    return Waiting(
        f"{spent}, and the next call might pass that. The day ends at 00:00 UTC, in {_in_words(ends_in)}; "
        f"runs go on by themselves then. {RAISED}.",
        awaited=Awaited.ALLOWANCE,
        seconds=ends_in.total_seconds(),
    )


def _midnight_after(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _in_words(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"


def _money(text: str) -> Decimal | None:
    return Decimal(text) if text else None
