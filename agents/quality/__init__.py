"""Quality of a delivered application: every measure, and the mean over those that are known."""

from __future__ import annotations

from agents.evidence import QualityReport
from agents.languages.base import Bench, Toolchain
from agents.quality import complexity, coverage, criteria, documentation, lint, security, tests, types
from agents.quality.base import QualityMeasure, Subject
from agents.quality.score import overall
from agents.state import RunState
from agents.types import SourceFile

MEASURES: dict[str, QualityMeasure] = {
    module.MEASURE.name: module.MEASURE
    for module in (tests, coverage, criteria, lint, types, complexity, security, documentation)
}


def assess(files: tuple[SourceFile, ...], state: RunState, toolchain: Toolchain, bench: Bench) -> QualityReport:
    """Take every measure; the language's tools look at files at the bench. Nothing of the application is run for it."""
    subject = Subject(files, state, toolchain, bench)
    measures = {name: measure.measure(subject) for name, measure in MEASURES.items()}
    values = {name: one.value for name, one in measures.items()}
    return QualityReport(measures=measures, overall=overall(values, MEASURES))
