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

from agents.errors import Waiting
from agents.types import Awaited
from generations.models import Allowance, DaySpending, ModelCall, ProbeStatus, RunStatus

IN_FLIGHT = "in flight"


@dataclass(frozen=True, slots=True)
class Day:
    """One person's day: limits (None: none), and what is spent or held by calls that are under way."""

    tokens: int
    cost_usd: Decimal
    max_tokens: int | None
    max_usd: Decimal | None

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.max_tokens is not None or self.max_usd is not None

    @property
    def tokens_left(self) -> int | None:
        """None without a limit."""
        return None if self.max_tokens is None else max(0, self.max_tokens - self.tokens)

    @property
    def usd_left(self) -> Decimal | None:
        """None without a limit."""
        return None if self.max_usd is None else max(Decimal(0), self.max_usd - self.cost_usd)


def day_of(owner: AbstractBaseUser, now: datetime | None = None) -> Day:
    """What the owner spent on the day of ``now``, and may spend."""
    now = now or timezone.now()
    row = DaySpending.objects.filter(owner_id=owner.pk, day=now.date()).first()
    held = _held(owner)
    own = Allowance.objects.filter(owner_id=owner.pk).first()
    tokens, usd = own and own.tokens_per_day, own and own.usd_per_day
    return Day(
        tokens=(row.tokens if row else 0) + (held["tokens"] or 0),
        cost_usd=(row.cost_usd if row else Decimal(0)) + (held["cost"] or Decimal(0)),
        max_tokens=tokens if tokens is not None else settings.USER_TOKENS_PER_DAY or None,
        max_usd=usd if usd is not None else _money(settings.USER_USD_PER_DAY),
    )


def check_day(owner: AbstractBaseUser, tokens: int, cost_usd: Decimal, now: datetime | None = None) -> None:
    """Make sure that a call fits into the owner's day. Raises Waiting until the next one.

    Expects the transaction that also stores the call as in flight: the day's row is locked until its end.
    """
    now = now or timezone.now()
    DaySpending.objects.get_or_create(owner_id=owner.pk, day=now.date())
    DaySpending.objects.select_for_update().get(owner_id=owner.pk, day=now.date())
    day = day_of(owner, now)
    if day.max_tokens is not None and day.tokens + tokens > day.max_tokens:
        raise _tomorrow(f"{day.tokens:,} of your {day.max_tokens:,} tokens a day are spent or held", now)
    if day.max_usd is not None and day.cost_usd + cost_usd > day.max_usd:
        raise _tomorrow(f"${day.cost_usd:.2f} of your ${day.max_usd:.2f} a day are spent or held", now)


def add_spending(owner_id: int, tokens: int, cost_usd: Decimal) -> None:
    """Count what a call turned out to have taken."""
    today = timezone.now().date()
    DaySpending.objects.get_or_create(owner_id=owner_id, day=today)
    DaySpending.objects.filter(owner_id=owner_id, day=today).update(
        tokens=F("tokens") + tokens, cost_usd=F("cost_usd") + cost_usd
    )


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


def _tomorrow(spent: str, now: datetime) -> Waiting:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Waiting(
        f"{spent}, and the next call might pass that. A new day begins at 00:00 UTC; "
        "an administrator can raise the limit.",
        awaited=Awaited.ALLOWANCE,
        seconds=(midnight - now).total_seconds(),
    )


def _money(text: str) -> Decimal | None:
    return Decimal(text) if text else None
