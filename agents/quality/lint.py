"""Findings of the linter."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown
from agents.types import Level

ERROR_WEIGHT = 5.0


def measure(subject: Subject) -> Measure:
    """1 - (warnings + 5 x errors) / (lines / 10), not below 0; security findings are counted apart."""
    if not subject.lines:
        return unknown("there are no sources in the language")
    found = [one for one in subject.lint if not one.rule.startswith("S")]
    weighted = sum(ERROR_WEIGHT if one.level is Level.ERROR else 1.0 for one in found)
    return Measure(value=max(0.0, 1 - weighted * 10 / subject.lines), detail=f"{len(found)} findings")


MEASURE = QualityMeasure("lint", "Lint", 1.0, measure.__doc__ or "", measure)
