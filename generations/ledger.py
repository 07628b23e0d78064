"""The ledger of model calls: what was asked, what it took, and the answers that are kept until they are used up.

All functions that write expect the caller's transaction, with the run's row locked under its fence.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from cryptography.fernet import InvalidToken
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from agents.context import CallRecord
from agents.probing.probe import ProbeCall
from agents.providers.base import Message, Reply
from agents.providers.catalogue import ModelChoice
from agents.spending import NOTHING
from agents.types import Purpose, Role
from generations.allowances import add_spending, check_day
from generations.encryption import fernet
from generations.masking import mask, mask_cut
from generations.models import KeptReply, ModelCall, ModelProbe, Run
from generations.text import storable

MAX_CALL_CHARACTERS = 200_000
IN_FLIGHT, ANSWERED, REUSED, LOST = "in flight", "answered", "reused", "lost"


def store_call(run: Run, call: CallRecord) -> str:
    """Insert a call or bring its row up to date; the run's totals grow by what is newly known of it.

    Gives the sentence that most of the owner's day is spent, if just this call brought it there.
    """
    pk, figures = uuid.UUID(call.id), _figures(call)
    before = ModelCall.objects.filter(pk=pk, run=run).values("prompt_tokens", "completion_tokens", "cost_usd").first()
    if before is None:
        if call.held is not None:
            check_day(run.project.owner, call.held[0], _money(call.held[1]) or Decimal(0))
        ModelCall.objects.create(pk=pk, run=run, **_question(run, call), **figures)
    else:
        ModelCall.objects.filter(pk=pk).update(**figures)
    if call.outcome == ANSWERED:
        _keep(run, call)
    return "" if call.outcome == REUSED else _add_to_totals(run, before or {}, figures)


def store_probe_call(test: ModelProbe, choice: ModelChoice, call: ProbeCall) -> None:
    """Insert a call of a test, which is not part of any run, or bring its row up to date.

    It counts into the day of the person who asked for the test. Raises Waiting for one that does not fit into it.
    """
    spent, known = call.spent, call.spent is not NOTHING
    figures = {
        "outcome": call.outcome[:40],
        "prompt_tokens": spent.prompt if known else None,
        "completion_tokens": spent.completion if known else None,
        "cost_usd": _money(spent.cost_usd) if known else None,
        "estimated": spent.estimated,
        "seconds": call.seconds,
        "reply": _capped(call.text),
    }
    if call.outcome == IN_FLIGHT:
        tokens, cost = call.held[0], _money(call.held[1]) or Decimal(0)
        check_day(test.asked_by, tokens, cost)
        question = {"probe": test, "step": call.check, "role": Role.CODER, "purpose": Purpose.PROBE}
        asked = {"provider": choice.provider, "model": choice.model, "request": _request(call.messages)}
        held = {"held_tokens": tokens, "held_cost_usd": cost}
        ModelCall.objects.create(pk=uuid.UUID(call.id), **question, **asked, **held, **figures)
    else:
        ModelCall.objects.filter(pk=uuid.UUID(call.id), probe=test).update(**figures)
        add_spending(test.asked_by, spent.tokens, figures["cost_usd"] or Decimal(0))


def kept_reply(run: Run, step: str) -> Reply | None:
    """The answer that was kept for a step; None when there is none, or none that can be opened any more."""
    kept = KeptReply.objects.filter(run=run, step=step).first()
    if kept is None:
        return None
    try:
        document = json.loads(fernet().decrypt(bytes(kept.sealed)))
    except InvalidToken:
        return None
    return Reply(**document) if document.pop("run") == run.pk.hex else None


def forget_replies(run_id: uuid.UUID, stage: str = "") -> None:
    """Drop the kept answers of a run, or of one stage of it."""
    rows = KeptReply.objects.filter(run_id=run_id)
    (rows.filter(stage=stage) if stage else rows).delete()


def lose_calls(run_id: uuid.UUID) -> None:
    """The worker is gone: nobody hears the answers to what it had asked, nor what they cost."""
    ModelCall.objects.filter(run_id=run_id, outcome=IN_FLIGHT).update(outcome=LOST)


def lose_probe_calls(test: ModelProbe) -> None:
    """The same for a test that is over."""
    ModelCall.objects.filter(probe=test, outcome=IN_FLIGHT).update(outcome=LOST)


def _keep(run: Run, call: CallRecord) -> None:
    reply = Reply(
        call.reply, call.finish, call.model, call.prompt_tokens, call.completion_tokens, call.cost_usd, call.seconds
    )
    sealed = fernet().encrypt(json.dumps({**asdict(reply), "run": run.pk.hex}).encode())
    KeptReply.objects.update_or_create(
        run=run, step=call.step, defaults={"call_id": uuid.UUID(call.id), "stage": call.stage, "sealed": sealed}
    )


def _add_to_totals(run: Run, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    totals: dict[str, object] = {}
    for name, parts in (("tokens", ("prompt_tokens", "completion_tokens")), ("cost_usd", ("cost_usd",))):
        known = [now[part] for part in parts if now[part] is not None]
        counted = [before[part] for part in parts if before.get(part) is not None]
        if known and (not counted or sum(known) != sum(counted)):
            zero = Value(0, output_field=Run._meta.get_field(name))
            totals[name] = Coalesce(F(name), zero) + (sum(known) - sum(counted))
    if not totals:
        return ""
    Run.objects.filter(pk=run.pk).update(**totals)
    return add_spending(run.project.owner, *_growth(before, now))


def _growth(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[int, Decimal]:
    """Tokens and US dollars that are newly known of a call."""
    parts = ("prompt_tokens", "completion_tokens")
    tokens = sum((now[part] or 0) - (before.get(part) or 0) for part in parts)
    return tokens, (now["cost_usd"] or Decimal(0)) - (before.get("cost_usd") or Decimal(0))


def _question(run: Run, call: CallRecord) -> dict[str, Any]:
    tokens, cost = call.held or (None, None)
    return {
        "fence": run.fence,
        "step": call.step,
        "stage": call.stage,
        "role": call.role,
        "purpose": call.purpose,
        "provider": call.provider,
        "model": call.model,
        "held_tokens": tokens,
        "held_cost_usd": _money(cost),
        "request": _request(call.messages),
        "receipt": [{**item._asdict(), "name": mask(str(storable(item.name)))} for item in call.receipt],
    }


def _figures(call: CallRecord) -> dict[str, Any]:
    return {
        "outcome": call.outcome[:40],
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cost_usd": _money(call.cost_usd),
        "estimated": call.estimated,
        "seconds": call.seconds,
        "reply": _capped(call.reply),
    }


def _money(dollars: float | None) -> Decimal | None:
    return None if dollars is None else Decimal(str(round(dollars, 6)))


def _request(messages: tuple[Message, ...]) -> list[dict[str, object]]:
    """The messages without their pictures, at most 200,000 characters in all."""
    room, kept = MAX_CALL_CHARACTERS, []
    for message in messages:
        text = _capped(message.text, room)
        room = max(0, room - len(text))
        kept.append({"role": message.role, "text": text, "images": len(message.images)})
    return kept


def _capped(text: str, limit: int = MAX_CALL_CHARACTERS) -> str:
    # What a test of a model broke off may end in the middle of a secret.
    text = mask(mask_cut(str(storable(text))))
    return text if len(text) <= limit else f"{text[:limit]}\n… {len(text) - limit} more characters"
