"""Tests that passed."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown


def measure(subject: Subject) -> Measure:
    """passed / (passed + failed), from the test runner's report; skipped tests do not count."""
    counts = subject.state.evidence.tests if subject.state.evidence else None
    if counts is None or counts.passed + counts.failed == 0:
        return unknown("no test ran")
    share = counts.passed / (counts.passed + counts.failed)
    return Measure(value=share, detail=f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")


MEASURE = QualityMeasure("tests", "Tests", 3.0, measure.__doc__ or "", measure)
