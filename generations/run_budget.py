"""A run's limits of money and tokens: as ordered, and what its person added when it had paused at them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from agents.budget import WARNING_SHARE
from agents.types import Awaited
from generations.allowances import IN_FLIGHT
from generations.errors import LaunchError
from generations.forecasts import forecast_of
from generations.models import Run, RunStatus

MOST_USD, MOST_TOKENS = Decimal(10_000), 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """None where there is no limit."""

    usd: Decimal | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the run page: spent, held by calls under way, the limit, and what it will probably be in the end.

    Shares are in percent. ``forecast`` is None while nothing is known.
    """

    unit: str
    spent: Decimal
    held: Decimal
    limit: Decimal
    forecast: Decimal | None = None

    @property
    def share(self) -> int:
        """Percent of the limit that is spent."""
        return min(100, int(100 * self.spent / self.limit)) if self.limit else 100

    @property
    def held_share(self) -> int:
        """Percent of the limit that is held, as far as there is room for it in the bar."""
        return min(100 - self.share, int(100 * self.held / self.limit)) if self.limit else 0

    @property
    def forecast_share(self) -> int:
        """Where the mark of the forecast stands in the bar, in percent; at its end for one that is over the limit."""
        return min(100, int(100 * (self.forecast or 0) / self.limit)) if self.limit else 100

    @property
    def too_little(self) -> bool:
        """Whether the limit will probably not do."""
        return self.forecast is not None and self.forecast > self.limit

    @property
    def mostly(self) -> bool:
        """Whether most of the limit is spent."""
        return self.share >= 100 * WARNING_SHARE

    @property
    def colour(self) -> str:
        """Bootstrap's name of the bar's colour."""
        return "danger" if self.share >= 100 else "warning" if self.mostly else "success"


def limits_of(run: Run) -> Limits:
    """What the run may spend in all. Earlier versions granted the ordered limits several times instead of adding."""
    settings = run.settings
    grants = settings.get("grants", 1)
    usd, tokens = settings.get("budget_usd"), settings.get("max_tokens")
    return Limits(
        usd=None if usd is None else Decimal(usd) * grants + Decimal(settings.get("added_usd", "0")),
        tokens=None if tokens is None else tokens * grants + settings.get("added_tokens", 0),
    )


def bars_of(run: Run) -> list[Bar]:
    """The bars of a run that has limits."""
    limits = limits_of(run)
    if limits == Limits(None, None):
        return []
    expected = forecast_of(run)
    held = {"tokens": 0, "cost": Decimal(0)}
    if run.status == RunStatus.RUNNING:
        calls = run.model_calls.filter(outcome=IN_FLIGHT, fence=run.fence)
        held = calls.aggregate(tokens=Sum("held_tokens"), cost=Sum("held_cost_usd"))
    found = []
    if limits.usd is not None:
        found.append(Bar("usd", run.cost_usd or Decimal(0), held["cost"] or Decimal(0), limits.usd, expected.usd))
    if limits.tokens is not None:
        spent, under_way, most = Decimal(run.tokens or 0), Decimal(held["tokens"] or 0), Decimal(limits.tokens)
        found.append(Bar("tokens", spent, under_way, most, expected.tokens))
    return found


def is_at_limit(run: Run) -> bool:
    """Whether the run paused because the next call might have passed its limits."""
    return run.status == RunStatus.PAUSED and run.waits_for == Awaited.BUDGET


def with_more(run: Run, usd: Decimal | None, tokens: int | None) -> dict[str, Any]:
    """The settings of a run that paused at its limits, with more to spend: what is given, else as much as was ordered.

    Raises LaunchError for an amount that is none.
    """
    settings = dict(run.settings)
    if usd is None and tokens is None:
        ordered = settings.get("budget_usd")
        usd, tokens = None if ordered is None else Decimal(ordered), settings.get("max_tokens")
    if usd is not None and not 0 <= usd <= MOST_USD:
        raise LaunchError(f"Add an amount from $0 to ${MOST_USD:,}.")
    if tokens is not None and not 0 <= tokens <= MOST_TOKENS:
        raise LaunchError(f"Add a number of tokens from 0 to {MOST_TOKENS:,}.")
    if usd is not None and settings.get("budget_usd") is not None:
        settings["added_usd"] = str(Decimal(settings.get("added_usd", "0")) + usd)
    if tokens is not None and settings.get("max_tokens") is not None:
        settings["added_tokens"] = settings.get("added_tokens", 0) + tokens
    return settings
