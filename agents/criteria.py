"""Which tests name which acceptance criteria: known from the files, without a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agents.evidence import Finding
from agents.plan import Criterion
from agents.types import Level, SourceFile

_NAMED = re.compile(r"\bAC-?_?([0-9]{1,3})\b", re.IGNORECASE)


def named_in(criteria: Iterable[Criterion], tests: Iterable[SourceFile]) -> dict[str, tuple[str, ...]]:
    """For each criterion's id the paths of the test files that name it; () for one that none names."""
    found: dict[str, list[str]] = {criterion.id: [] for criterion in criteria}
    for file in tests:
        for number in {int(match[1]) for match in _NAMED.finditer(file.text)}:
            if f"AC-{number}" in found:
                found[f"AC-{number}"].append(file.path)
    return {key: tuple(sorted(paths)) for key, paths in found.items()}


def confidence_of(named: Mapping[str, tuple[str, ...]], findings: Iterable[Finding], files: int) -> tuple[float, str]:
    """Confidence without a reading by a model, and its reason.

    The share of criteria that a test names, times the share of files without an error of the static checks.
    """
    broken = {finding.path for finding in findings if finding.level is Level.ERROR}
    bare = [key for key, paths in named.items() if not paths]
    share = (len(named) - len(bare)) / len(named) if named else 0.0
    clean = (files - len(broken)) / files if files else 0.0
    words = f"{len(named) - len(bare)} of {len(named)} criteria are named by a test"
    words += f" (not {', '.join(bare)})" if bare else ""
    words += f"; static checks found errors in {len(broken)} of {files} files." if broken else "; no static errors."
    return round(share * clean, 3), words
