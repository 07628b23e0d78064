"""What was found out about a model, and what follows for how it is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from agents.providers.catalogue import ModelChoice

# Room for the prompt that every answer has to leave.
SMALLEST_PROMPT = 1_000


class Check(StrEnum):
    """What is found out, in the order in which it is shown."""

    ANSWERS = "answers"
    JSON = "json"
    SCHEMA = "schema"
    FILES = "files"
    EDITS = "edits"
    OUTPUT = "output"
    CONTEXT = "context"
    LIMITS = "limits"
    PRICE = "price"


class Found(StrEnum):
    """How a check went. ``unknown``: nothing speaks for or against it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: how it went, one sentence why, and its number where it measures one."""

    check: Check
    found: Found
    reason: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What follows from a test; None where it is not known."""

    json_schema: bool | None = None
    edits: bool | None = None
    max_output_tokens: int | None = None
    context_tokens: int | None = None


def abilities_from(findings: Iterable[Finding]) -> Abilities:
    """What the findings say about how a model is best asked."""
    by_check = {finding.check: finding for finding in findings}

    def held(check: Check) -> bool | None:
        finding = by_check.get(check)
        return None if finding is None or finding.found is Found.UNKNOWN else finding.found is Found.YES

    def limit(check: Check, found: Found) -> int | None:
        finding = by_check.get(check)
        return finding.number if finding is not None and finding.found is found else None

    return Abilities(
        json_schema=held(Check.SCHEMA),
        edits=held(Check.EDITS),
        max_output_tokens=limit(Check.OUTPUT, Found.NO),
        context_tokens=limit(Check.CONTEXT, Found.YES),
    )


def suited(choice: ModelChoice, abilities: Abilities) -> ModelChoice:
    """The choice with the reply format and the limits that the model was seen to keep."""
    context = min(choice.context_tokens, abilities.context_tokens or choice.context_tokens)
    output = min(choice.max_output_tokens, abilities.max_output_tokens or choice.max_output_tokens)
    return replace(
        choice,
        json_schema=choice.json_schema if abilities.json_schema is None else abilities.json_schema,
        whole_files=choice.whole_files or abilities.edits is False,
        context_tokens=context,
        max_output_tokens=min(output, max(context - SMALLEST_PROMPT, context // 2)),
    )
