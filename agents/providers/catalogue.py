"""Which model answers for a role, what it may take and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.errors import AgentError
from agents.types import Role


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model behind a provider. Prices are US dollars per million tokens, None where unknown."""

    provider: str
    model: str
    context_tokens: int = 32_000
    max_output_tokens: int = 8_000
    prompt_price: float | None = None
    completion_price: float | None = None
    json_schema: bool = False
    whole_files: bool = False
    """Whether the model is asked for whole files where others give edits: weak ones fail at edits."""

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Tokens times price in US dollars; None where a price is unknown."""
        if self.prompt_price is None or self.completion_price is None:
            return None
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1_000_000


@dataclass(frozen=True)
class Catalogue:
    """The models of one run: a list for each role, the first preferred, the rest fallbacks.

    ``strongest`` is asked first in the last round of repair, where there is one.
    """

    choices: Mapping[Role, tuple[ModelChoice, ...]]
    strongest: ModelChoice | None = None

    def for_role(self, role: Role, *, last_chance: bool = False) -> tuple[ModelChoice, ...]:
        """The models for a role; raises AgentError when there is none."""
        found = self.choices.get(role, ())
        if last_chance and self.strongest is not None:
            found = (self.strongest, *(choice for choice in found if choice != self.strongest))
        if not found:
            raise AgentError(f"No model is set for the role '{role}'. Choose one in the run's settings.")
        return found


def one_model(choice: ModelChoice) -> Catalogue:
    """A catalogue that answers every role with the same model."""
    return Catalogue(dict.fromkeys(Role, (choice,)))
