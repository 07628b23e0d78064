"""What the run page shows of money and tokens."""

from __future__ import annotations

from functools import cached_property

from agents.types import Awaited
from generations.allowances import Day, limited_day_of
from generations.estimates import Estimate, estimate
from generations.models import Run
from generations.run_budget import Bar, bars_of, is_at_limit


class SpendingView:
    """The bars of a run with limits, and its owner's day; each read once."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @cached_property
    def bars(self) -> list[Bar]:
        """What is spent and held of the run's limits; empty without limits."""
        return bars_of(self._run)

    @cached_property
    def day(self) -> Day | None:
        """The owner's day, where the run may still take from it and does not say so itself."""
        if self._run.at_rest or self._run.waits_for == Awaited.ALLOWANCE:
            return None
        return limited_day_of(self._run.project.owner)

    @cached_property
    def usual(self) -> Estimate | None:
        """What runs like this one took; None where no model is asked, or the run has ended."""
        if self._run.ended:
            return None
        return estimate(self._run.project.owner, self._run.provider_profile)

    @property
    def usual_is_news(self) -> bool:
        """Whether what is usual tells more than the run itself does by now."""
        return bool(self.bars) and all(bar.forecast is None for bar in self.bars) and self.usual is not None

    @property
    def at_limit(self) -> bool:
        """Whether the run paused at its limits."""
        return is_at_limit(self._run)
