"""What a run will probably have spent in the end, from what its finished stages took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet, Sum

from agents.types import StageName
from generations.models import CheckpointStatus, ModelCall, Run, RunStatus

RECENT_RUNS = 20
JUDGED = (RunStatus.SUCCEEDED, RunStatus.UNVERIFIED, RunStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Tokens and US dollars in the end; None where that cannot be known."""

    tokens: Decimal | None = None
    usd: Decimal | None = None


def forecast_of(run: Run) -> Forecast:
    """Nothing before the first stage that took tokens has a checkpoint, nor after the end."""
    if run.ended or not run.tokens:
        return Forecast()
    done = set(run.checkpoints.filter(status=CheckpointStatus.SUCCEEDED).values_list("stage", flat=True))
    took = _tokens_by_stage(run.model_calls.all())
    part = _part_of(done, _earlier(run))
    spent = sum(tokens for stage, tokens in took.items() if stage in done)
    if not spent or not part:
        return Forecast()
    tokens = max(Decimal(spent) / part, Decimal(run.tokens)).quantize(Decimal(1))
    usd = None if run.cost_usd is None else run.cost_usd * tokens / run.tokens
    return Forecast(tokens, usd)


def _part_of(done: set[str], earlier: Mapping[str, int]) -> Decimal:
    """The part of a run's tokens that these stages take: as in earlier runs, else as if all took the same."""
    whole = sum(earlier.values())
    if not whole:
        return Decimal(len(done)) / len(StageName)
    return Decimal(sum(tokens for stage, tokens in earlier.items() if stage in done)) / whole


def _earlier(run: Run) -> dict[str, int]:
    """What the stages of this owner's newest judged runs with the same profile took."""
    same = Run.objects.filter(project__owner=run.project.owner_id, provider_profile=run.provider_profile)
    newest = same.filter(status__in=JUDGED, tokens__gt=0).order_by("-created_at").values_list("pk", flat=True)
    return _tokens_by_stage(ModelCall.objects.filter(run__in=list(newest[:RECENT_RUNS])))


def _tokens_by_stage(calls: QuerySet[ModelCall]) -> dict[str, int]:
    rows = calls.order_by().values("stage").annotate(prompt=Sum("prompt_tokens"), answer=Sum("completion_tokens"))
    return {row["stage"]: (row["prompt"] or 0) + (row["answer"] or 0) for row in rows}
