"""Functions that are small enough to understand."""

from __future__ import annotations

import lizard

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown

MAX_BRANCHES = 10
MAX_LINES = 60


def measure(subject: Subject) -> Measure:
    """Share of functions with a cyclomatic complexity of at most 10 (McCabe 1976) and at most 60 lines, by lizard."""
    functions = [
        function
        for file in subject.sources
        for function in lizard.analyze_file.analyze_source_code(file.path, file.text).function_list
    ]
    if not functions:
        return unknown("there are no functions")
    large = [f.name for f in functions if f.cyclomatic_complexity > MAX_BRANCHES or f.nloc > MAX_LINES]
    detail = f"{len(functions) - len(large)} of {len(functions)} functions" + (
        f"; not: {', '.join(large[:5])}" if large else ""
    )
    return Measure(value=1 - len(large) / len(functions), detail=detail)


MEASURE = QualityMeasure("complexity", "Complexity", 1.0, measure.__doc__ or "", measure)
