"""Acceptance criteria that are met."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown


def measure(subject: Subject) -> Measure:
    """Criteria that the validator found met / all criteria; known only when the application's tests passed."""
    state = subject.state
    if state.requirements is None or not state.criteria_met:
        return unknown("the criteria were not judged")
    evidence = state.evidence
    if evidence is None or evidence.failed_step is not None or evidence.tests is None or not evidence.tests.passed:
        return unknown("a criterion counts only with passing tests behind it")
    met, total = sum(state.criteria_met.values()), len(state.requirements.criteria)
    return Measure(value=min(1.0, met / total), detail=f"{met} of {total}")


MEASURE = QualityMeasure("criteria", "Criteria met", 2.0, measure.__doc__ or "", measure)
