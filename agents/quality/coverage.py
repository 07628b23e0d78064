"""Lines that the tests execute."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown


def measure(subject: Subject) -> Measure:
    """Executed lines / executable lines of the sources during the application's own tests."""
    coverage = subject.state.evidence.coverage if subject.state.evidence else None
    if coverage is None:
        return unknown("the tests left no coverage report")
    return Measure(value=coverage, detail=f"{coverage:.0%} of the lines")


MEASURE = QualityMeasure("coverage", "Coverage", 1.5, measure.__doc__ or "", measure)
