"""Findings of the type checker."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown


def measure(subject: Subject) -> Measure:
    """1 - findings / (lines / 20), not below 0, by the language's type checker."""
    found = subject.toolchain.type_check(subject.sources, subject.bench)
    if found is None or not subject.lines:
        return unknown("no type checker could look at the sources")
    return Measure(value=max(0.0, 1 - len(found) * 20 / subject.lines), detail=f"{len(found)} findings")


MEASURE = QualityMeasure("types", "Types", 1.0, measure.__doc__ or "", measure)
