"""What running some stages again will probably take, from what they took before."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable

from django.db.models import QuerySet, Sum

from agents.errors import AgentError
from agents.providers.catalogue import Catalogue
from agents.types import Role, StageName
from generations.estimates import RECENT_RUNS, USUAL, Estimate
from generations.models import ModelCall, Run, RunStatus
from generations.profiles import catalogue_for, profile_uses_ai

# Where the usual tokens of a role are spent.
STAGE_OF_ROLE = {Role.ORCHESTRATOR: StageName.REQUIREMENTS, Role.CODER: StageName.CODE}
Spent = dict[str, tuple[int, int]]


def estimate_again(run: Run, stages: Collection[str], profile: str, models: dict[str, int]) -> Estimate | None:
    """Tokens and cost of these stages with a profile; None where no model is asked or none can be asked now.

    Each stage is taken as this run took it; one that it never ended, as the owner's other runs did, else as usual.
    """
    owner = run.project.owner
    if not profile_uses_ai(profile, owner):
        return None
    try:
        catalogue = catalogue_for(profile, owner, models)
    except AgentError:
        return None
    others = _recent(run)
    per_stage = [_taken(run, others, stage) for stage in stages]
    tokens = sum(sum(pair) for spent in per_stage for pair in spent.values())
    prices = [_price(catalogue, role, pair) for spent in per_stage for role, pair in spent.items()]
    known = [price for price in prices if price is not None]
    cost = sum(known) if len(known) == len(prices) else None
    return Estimate(tokens, cost, len(others), None)


def _taken(run: Run, others: list[Run], stage: str) -> Spent:
    own = _own(run, stage)
    return own if own is not None else _median(others, stage) or _usual(stage)


def _own(run: Run, stage: str) -> Spent | None:
    """What a pass of a stage took in this run, by role; None where it never ended here."""
    if not run.checkpoints.filter(stage=stage, error="", tokens__gte=0).exists():
        return None
    passes = run.checkpoints.filter(stage=stage, error="", tokens__gt=0).count() or 1
    return {role: (a // passes, b // passes) for role, (a, b) in _sums(run.model_calls.filter(stage=stage)).items()}


def _median(runs: Iterable[Run], stage: str) -> Spent:
    spent = [found for run in runs if (found := _own(run, stage))]
    roles = {role for found in spent for role in found}
    return {
        role: (
            int(statistics.median(found.get(role, (0, 0))[0] for found in spent)),
            int(statistics.median(found.get(role, (0, 0))[1] for found in spent)),
        )
        for role in roles
    }


def _usual(stage: str) -> Spent:
    return {role: pair for role, pair in USUAL.items() if STAGE_OF_ROLE[role] == stage}


def _recent(run: Run) -> list[Run]:
    judged = (RunStatus.SUCCEEDED, RunStatus.UNVERIFIED, RunStatus.FAILED)
    rows = Run.objects.filter(project__owner=run.project.owner_id, status__in=judged, tokens__gt=0).exclude(pk=run.pk)
    return list(rows.order_by("-created_at")[: RECENT_RUNS // 4])


def _sums(calls: QuerySet[ModelCall]) -> Spent:
    rows = calls.order_by().values("role").annotate(asked=Sum("prompt_tokens"), answered=Sum("completion_tokens"))
    return {row["role"]: (row["asked"] or 0, row["answered"] or 0) for row in rows}


def _price(catalogue: Catalogue, role: str, pair: tuple[int, int]) -> float | None:
    return catalogue.for_role(Role(role))[0].cost(*pair)
