"""The run's limits of tokens and money, checked before every call."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from agents.errors import BudgetExceeded

WARNING_SHARE = 0.8


@dataclass
class Budget:
    """Counts what was spent against what may be. None means no limit. Thread-safe."""

    max_tokens: int | None = None
    max_cost_usd: float | None = None
    tokens: int = 0
    cost_usd: float = 0.0
    warned: bool = False
    """Whether it was said that most of a limit is spent."""
    _held_tokens: int = 0
    _held_cost: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def reserve(self, tokens: int, cost_usd: float) -> None:
        """Hold an estimate before a call; raises BudgetExceeded if it might pass a limit."""
        with self._lock:
            if self.max_tokens is not None and self.tokens + self._held_tokens + tokens > self.max_tokens:
                raise BudgetExceeded(
                    f"The next call needs about {tokens} tokens; {self.tokens} of {self.max_tokens} are spent. "
                    "Raise the token limit and go on from here."
                )
            if self.max_cost_usd is not None and self.cost_usd + self._held_cost + cost_usd > self.max_cost_usd:
                raise BudgetExceeded(
                    f"The next call may cost ${cost_usd:.4f}; ${self.cost_usd:.4f} of ${self.max_cost_usd:.2f} is "
                    "spent. Raise the budget and go on from here."
                )
            self._held_tokens += tokens
            self._held_cost += cost_usd

    def settle(self, held_tokens: int, held_cost: float, tokens: int, cost_usd: float) -> None:
        """Give an estimate back and count what the call really took."""
        with self._lock:
            self._held_tokens -= held_tokens
            self._held_cost -= held_cost
            self.tokens += tokens
            self.cost_usd += cost_usd

    def warning(self) -> str:
        """The sentence that most of a limit is spent; '' while it is not, or when it was said before."""
        with self._lock:
            spent = self._mostly_spent()
            if not spent or self.warned:
                return ""
            self.warned = True
        return f"{spent} spent; at the limit the run pauses."

    def _mostly_spent(self) -> str:
        if self.max_cost_usd is not None and self.cost_usd >= WARNING_SHARE * self.max_cost_usd:
            return f"${self.cost_usd:.4f} of ${self.max_cost_usd:.2f} are"
        if self.max_tokens is not None and self.tokens >= WARNING_SHARE * self.max_tokens:
            return f"{self.tokens} of {self.max_tokens} tokens are"
        return ""
