"""README, and comments that explain what is public."""

from __future__ import annotations

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown

LEAST_README = 200


def measure(subject: Subject) -> Measure:
    """Half: README names the start and test commands. Half: share of public definitions with a comment before them."""
    parts: list[float] = [_readme(subject)]
    documented, public = _documented(subject)
    if public:
        parts.append(documented / public)
    if not subject.sources:
        return unknown("there are no sources in the language")
    readme = "README present" if parts[0] else "README missing or without its commands"
    return Measure(value=sum(parts) / len(parts), detail=f"{readme}, {documented} of {public} definitions documented")


def _readme(subject: Subject) -> float:
    readme = next((file.text for file in subject.files if file.path.lower() == "readme.md"), "")
    commands = subject.state.plan.commands if subject.state.plan else None
    if len(readme) < LEAST_README or commands is None:
        return 0.0
    wanted = [line for line in (commands.start, commands.test) if line]
    return sum(line in readme for line in wanted) / len(wanted)


def _documented(subject: Subject) -> tuple[int, int]:
    """Documented and all public definitions of the sources."""
    counts = [subject.toolchain.documented(file) for file in subject.sources]
    return sum(found for found, _all in counts), sum(public for _found, public in counts)


MEASURE = QualityMeasure("documentation", "Documentation", 1.0, measure.__doc__ or "", measure)
