"""Runs side by side: rows of values, which of them differ, and which is the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.quality import MEASURES
from generations.models import Artifact, QualityReport, Run
from generations.templatetags.figures import duration, money, percent

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as text; ``best`` marks the preferred one of a row."""

    text: str
    best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is compared."""

    label: str
    cells: tuple[Cell, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading, those that differ first."""

    title: str
    rows: tuple[Row, ...]


def compared(runs: Sequence[Run]) -> list[Section]:
    """Outcome, quality and settings of these runs."""
    reports = {report.run_id: report for report in QualityReport.objects.filter(run__in=runs)}
    measured = [reports[run.pk].measures if run.pk in reports else {} for run in runs]
    quality = [
        _numbers(measure.label, [one.get(name, {}).get("value") for one in measured], percent, higher=True)
        for name, measure in MEASURES.items()
    ]
    return [_section("Outcome", _outcome(runs)), _section("Quality", quality), _section("Settings", _settings(runs))]


def _outcome(runs: Sequence[Run]) -> list[Row]:
    seconds = [run.duration.total_seconds() if run.duration and run.ended else None for run in runs]
    costs = [None if run.cost_usd is None else float(run.cost_usd) for run in runs]
    files = [Artifact.objects.filter(checkpoint__run=run).values("path").distinct().count() for run in runs]
    return [
        _texts("Status", [run.get_status_display() for run in runs]),
        _numbers("Quality", [run.quality for run in runs], percent, higher=True),
        _numbers("Tests passed", [run.tests_passed for run in runs], str, higher=True),
        _numbers("Tests failed", [run.tests_failed for run in runs], str, higher=False),
        _numbers("Time", seconds, duration, higher=False),
        _numbers("Cost", costs, money, higher=False),
        _numbers("Tokens", [run.tokens for run in runs], str, higher=False),
        _texts("Files", [str(count) for count in files]),
        _texts("Reason", [run.reason or "-" for run in runs]),
    ]


def _settings(runs: Sequence[Run]) -> list[Row]:
    names = sorted({name for run in runs for name in run.settings})
    rows = [
        _texts("Description", [run.prompt for run in runs]),
        _texts("Language", [run.language or "decided by the run" for run in runs]),
        _texts("Provider", [run.provider_profile for run in runs]),
        _texts("Sandbox", [run.sandbox or UNKNOWN for run in runs]),
    ]
    return rows + [
        _texts(name.replace("_", " ").capitalize(), [str(run.settings.get(name) or "-") for run in runs])
        for name in names
        if name != "language"
    ]


def _section(title: str, rows: list[Row]) -> Section:
    return Section(title, tuple(sorted(rows, key=lambda row: not row.differs)))


def _texts(label: str, values: list[str]) -> Row:
    return Row(label, tuple(Cell(value) for value in values), len(set(values)) > 1)


def _numbers(label: str, values: Sequence[float | None], show: Callable[[float], str], *, higher: bool) -> Row:
    known = [value for value in values if value is not None]
    differs = len(set(values)) > 1
    best = (max if higher else min)(known) if known and differs else None
    cells = (Cell(UNKNOWN if v is None else show(v), best is not None and v == best) for v in values)
    return Row(label, tuple(cells), differs)
