"""Findings of the security rules."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown
from agents.types import Level

WARNING_COST, ERROR_COST = 0.05, 0.25


def measure(subject: Subject) -> Measure:
    """1 - 0.05 x minor findings - 0.25 x serious findings (bandit's rules in ruff), not below 0."""
    if not subject.sources:
        return unknown("there are no sources in the language")
    found = [one for one in subject.lint if one.rule.startswith("S")]
    cost = sum(ERROR_COST if one.level is Level.ERROR else WARNING_COST for one in found)
    return Measure(value=max(0.0, 1 - cost), detail=f"{len(found)} findings")


MEASURE = QualityMeasure("security", "Security", 1.5, measure.__doc__ or "", measure)
