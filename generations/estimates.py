"""What a run will probably take, before it starts: tokens from earlier runs, times the prices of the catalogue."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Sum

from agents.errors import AgentError
from agents.providers.catalogue import Catalogue
from agents.types import Role
from generations.models import ModelCall, Run, RunStatus
from generations.profiles import catalogue_for, profile_uses_ai

RECENT_RUNS = 20
# Measured: a small application takes about so many prompt and completion tokens of each role.
USUAL = {Role.ORCHESTRATOR: (1_400, 2_500), Role.CODER: (5_000, 7_500)}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens in all, US dollars (None where a price is unknown), and from how many earlier runs (0: a usual one).

    ``review`` is what a review and a repair by the reasoning model would add, where they are needed.
    """

    tokens: int
    cost_usd: float | None
    runs: int
    review_usd: float | None


def estimate(owner: AbstractBaseUser, profile: str) -> Estimate | None:
    """The estimate for a profile; None for one that asks no model or cannot be used now."""
    if not profile_uses_ai(profile, owner):
        return None
    try:
        catalogue = catalogue_for(profile, owner)
    except AgentError:
        return None
    spent = _earlier(owner, profile)
    usual = sum(sum(pair) for pair in USUAL.values())
    tokens = int(statistics.median(spent)) if spent else usual
    prices = [_cost(catalogue, role, *pair) for role, pair in USUAL.items()]
    known = [price for price in prices if price is not None]
    cost = sum(known) * tokens / usual if len(known) == len(prices) else None
    return Estimate(tokens, cost, len(spent), _cost(catalogue, Role.DEBUGGER, 2 * 8_000, 2 * 500))


def _earlier(owner: AbstractBaseUser, profile: str) -> list[int]:
    """What this owner's newest judged runs with the profile took."""
    judged = (RunStatus.SUCCEEDED, RunStatus.UNVERIFIED, RunStatus.FAILED)
    runs = Run.objects.filter(project__owner=owner, provider_profile=profile, status__in=judged, tokens__gt=0)
    newest = list(runs.order_by("-created_at").values_list("pk", flat=True)[:RECENT_RUNS])
    sums = ModelCall.objects.filter(run__in=newest).values("run").order_by()
    rows = sums.annotate(total=Sum("prompt_tokens") + Sum("completion_tokens")).values_list("total", flat=True)
    return [total for total in rows if total]


def _cost(catalogue: Catalogue, role: Role, prompt: int, completion: int) -> float | None:
    return catalogue.for_role(role)[0].cost(prompt, completion)
