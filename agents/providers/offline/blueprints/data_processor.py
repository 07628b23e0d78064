"""A data processor in Python: statistics and groups of a CSV or JSON file as HTML, Markdown and JSON reports."""

from __future__ import annotations

from agents.plan import Commands, Criterion, Plan, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.tables_files import report_files
from agents.providers.offline.blueprints.tables_view import TablesView, tables_view
from agents.providers.offline.rendering import environment, one_line, python_file
from agents.types import ProjectType, SourceFile

FORMATS = ("html", "md", "json")
LABELS = {"html": "HTML", "md": "Markdown", "json": "JSON"}


class DataProcessor:
    """The blueprint; it holds no state."""

    project_type = ProjectType.DATA_PROCESSOR
    language = "python"

    def requirements(self, brief: Brief) -> Requirements:
        """What the reports hold, and one criterion for each format."""
        return requirements(brief, stack=("Python", "csv", "json", "statistics", "pytest"), dependencies=("pytest",))

    def plan(self, brief: Brief) -> Plan:
        """Modules to read, summarise and render, their tests, sample data and README."""
        view = report_view(brief)
        commands = Commands(
            install="pip install -r requirements.txt",
            start=f"python -m {view.package} --help",
            test="python -m pytest",
            examples=view.examples,
        )
        return Plan(files=tuple(file for file, _ in report_files(view)), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        view = report_view(brief)
        planned, template = {file.path: (file, template) for file, template in report_files(view)}[path]
        made = environment("files").get_template(template)
        text = made.render(view=view, brief=brief, purpose=planned.purpose)
        return SourceFile(path, (python_file(text) if path.endswith(".py") else text).encode())


def requirements(brief: Brief, *, stack: tuple[str, ...], dependencies: tuple[str, ...]) -> Requirements:
    """What a data processor in any language promises: what the reports hold, and one criterion for each format."""
    view = report_view(brief)
    texts = [
        "The report holds count, missing, distinct, sum, minimum, maximum, mean, median and standard deviation "
        "of each column.",
        "With --group-by the report holds the count, and the sum and mean of number columns, for each group.",
        *(f"--format {name} writes the report as {LABELS[name]}, with every text escaped." for name in view.formats),
        "A missing file, an unknown column or broken input ends with exit code 2 and one sentence on standard error.",
    ]
    return Requirements(
        name=brief.name,
        summary=f"{view.summary} Asked for: {one_line(brief.description)}"[:1000],
        project_type=ProjectType.DATA_PROCESSOR,
        language=brief.language,
        stack=stack,
        features=("statistics of each column", "grouped summary", f"reports as {_named(view.formats)}"),
        criteria=tuple(Criterion(id=f"AC-{number}", text=text) for number, text in enumerate(texts, 1)),
        dependencies=dependencies,
        assumptions=brief.assumptions,
    )


def _named(formats: tuple[str, ...]) -> str:
    return ", ".join(LABELS[name] for name in formats)


def report_view(brief: Brief) -> TablesView:
    """What the templates need to know of a data processor."""
    formats = tuple(name for name in FORMATS if name in brief.formats) or FORMATS
    summary = f"Reads a CSV or JSON file and writes its statistics and groups as a report ({_named(formats)})."
    return tables_view(brief, summary, formats=formats)


BLUEPRINT = DataProcessor()
