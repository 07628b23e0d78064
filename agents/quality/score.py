"""One figure from the measures."""

from __future__ import annotations

from collections.abc import Mapping

from agents.quality.base import QualityMeasure

# With fewer known measures, a mean would say more than is known.
LEAST_KNOWN = 3


def overall(values: Mapping[str, float | None], measures: Mapping[str, QualityMeasure]) -> float | None:
    """sum(weight x value) / sum(weight) over the known measures; None when fewer than three are known."""
    known = {name: value for name, value in values.items() if value is not None}
    if len(known) < LEAST_KNOWN:
        return None
    weights = {name: measures[name].weight for name in known}
    return sum(weights[name] * value for name, value in known.items()) / sum(weights.values())
