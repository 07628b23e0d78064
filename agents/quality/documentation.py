"""README and docstrings."""

from __future__ import annotations

import ast

from agents.evidence import Measure
from agents.quality.base import QualityMeasure, Subject, unknown

LEAST_README = 200


def measure(subject: Subject) -> Measure:
    """Half: README names the start and test commands. Half: share of public definitions with docstrings."""
    parts: list[float] = [_readme(subject)]
    documented, public = _docstrings(subject)
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


def _docstrings(subject: Subject) -> tuple[int, int]:
    """Documented and all public modules, classes and functions of the Python sources."""
    documented = public = 0
    for file in subject.sources:
        if file.path.endswith(".py") and not subject.toolchain.syntax_error(file):
            for node in ast.walk(ast.parse(file.text)):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    if getattr(node, "name", "").startswith("_") or (isinstance(node, ast.Module) and not node.body):
                        continue
                    public += 1
                    documented += ast.get_docstring(node) is not None
    return documented, public


MEASURE = QualityMeasure("documentation", "Documentation", 1.0, measure.__doc__ or "", measure)
