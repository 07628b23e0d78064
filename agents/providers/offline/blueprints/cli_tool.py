"""A command-line tool in Python over CSV and JSON files: a subcommand for each operation that was asked for."""

from __future__ import annotations

from agents.plan import Commands, Criterion, Plan, PlannedFile, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.tables_files import cli_files
from agents.providers.offline.blueprints.tables_view import (
    CommandView,
    Sample,
    TablesView,
    first_group,
    sample_for,
    tables_view,
)
from agents.providers.offline.rendering import environment, one_line, python_file
from agents.types import ProjectType, SourceFile

_HELP = {
    "filter": "keeps the rows that fit conditions",
    "select": "keeps only some columns",
    "sort": "sorts the rows, numbers as numbers",
    "group": "counts the rows of each group, with sum, mean, min and max of number columns",
    "statistics": "shows statistics of each column",
    "convert": "converts between CSV and JSON",
}
_CRITERIA = {
    "filter": "'filter' prints only the rows for which every condition holds (=, !=, <, <=, >, >=, ~ for a part), "
    "and with --any those for which one does.",
    "select": "'select' prints only the named columns in the order given.",
    "sort": "'sort' orders rows by one or more columns, numbers as numbers, empty cells last, --descending the other "
    "way round.",
    "group": "'group' prints one row for each group with its count and the wanted sums, means, minima and maxima.",
    "statistics": "'stats' prints count, missing, distinct, sum, minimum, maximum, mean, median and standard deviation "
    "of each column.",
    "convert": "'convert' turns CSV into JSON and JSON into CSV without losing a cell.",
}
_ALWAYS = (
    "--limit keeps only the first rows of a result.",
    "CSV is read with quotes, accents, a byte order mark and other delimiters; JSON as a list of objects.",
    "A missing file, an unknown column or broken input ends with exit code 2 and one sentence on standard error.",
)


class CliTool:
    """The blueprint; it holds no state."""

    project_type = ProjectType.CLI_TOOL
    language = "python"

    def requirements(self, brief: Brief) -> Requirements:
        """One feature and one criterion for each operation."""
        return requirements(brief, stack=("Python", "argparse", "csv", "json", "pytest"), dependencies=("pytest",))

    def plan(self, brief: Brief) -> Plan:
        """Modules for what the commands need, their tests, sample data and README."""
        view = cli_view(brief)
        examples = tuple(f"python -m {view.package} {command.example}" for command in view.commands)
        commands = Commands(
            install="pip install -r requirements.txt",
            start=f"python -m {view.package} --help",
            test="python -m pytest",
            examples=examples,
        )
        return Plan(files=tuple(file for file, _ in _files(brief, view)), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        view = cli_view(brief)
        planned, template = {file.path: (file, template) for file, template in _files(brief, view)}[path]
        made = environment("files").get_template(template)
        text = made.render(view=view, brief=brief, ops=operations_of(brief), purpose=planned.purpose)
        return SourceFile(path, (python_file(text) if path.endswith(".py") else text).encode())


def requirements(brief: Brief, *, stack: tuple[str, ...], dependencies: tuple[str, ...]) -> Requirements:
    """What a tool in any language promises: one feature and one criterion for each operation."""
    operations = operations_of(brief)
    texts = [*(_CRITERIA[name] for name in operations), *_ALWAYS]
    return Requirements(
        name=brief.name,
        summary=f"{_summary(operations)} Asked for: {one_line(brief.description)}"[:1000],
        project_type=ProjectType.CLI_TOOL,
        language=brief.language,
        stack=stack,
        features=tuple(_HELP[name] for name in operations),
        criteria=tuple(Criterion(id=f"AC-{number}", text=text) for number, text in enumerate(texts, 1)),
        dependencies=dependencies,
        assumptions=brief.assumptions,
    )


def operations_of(brief: Brief) -> tuple[str, ...]:
    """The operations that were asked for, in the order in which they are told."""
    return tuple(name for name in _HELP if name in brief.operations)


def _summary(operations: tuple[str, ...]) -> str:
    names = [{"statistics": "stats"}.get(name, name) for name in operations]
    return f"A command-line tool for CSV and JSON files with the commands {', '.join(names)}."


def _files(brief: Brief, view: TablesView) -> list[tuple[PlannedFile, str]]:
    return cli_files(view, frozenset(operations_of(brief)))


def cli_view(brief: Brief) -> TablesView:
    """What the templates need to know of a tool."""
    operations = operations_of(brief)
    by = first_group(brief)
    sample = sample_for(brief.description.lower(), by)
    commands = tuple(_command(name, sample, by or sample.group) for name in operations)
    return tables_view(brief, _summary(operations), commands=commands)


def _command(operation: str, sample: Sample, by: str) -> CommandView:
    words = {
        "filter": f"filter sample.csv '{sample.number}>30' '{sample.group}!=x'",
        "select": f"select sample.csv {sample.number} {sample.text}",
        "sort": f"sort sample.csv {sample.number} --descending",
        "group": f"group sample.csv --by {by} --sum {sample.number} --mean {sample.number}",
        "statistics": "stats sample.csv",
        "convert": "convert sample.csv --typed",
    }[operation]
    return CommandView(words.split()[0], _HELP[operation], words)


BLUEPRINT = CliTool()
