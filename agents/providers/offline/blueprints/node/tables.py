"""Programs over CSV and JSON files in JavaScript or TypeScript: a command-line tool, and a processor that reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from agents.plan import Commands, Plan, Requirements
from agents.providers.offline.blueprints import cli_tool, data_processor
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.node.dialect import JAVASCRIPT, TYPESCRIPT, Dialect, plain_file, script_file
from agents.providers.offline.blueprints.node.rest_api_view import package_name
from agents.providers.offline.blueprints.node.tables_files import Planned, cli_files, report_files
from agents.providers.offline.blueprints.tables_view import TablesView
from agents.providers.offline.rendering import environment
from agents.types import ProjectType, SourceFile


class _Parts(TypedDict):
    stack: tuple[str, ...]
    dependencies: tuple[str, ...]


class _Tables:
    """What the two kinds have in common; the language is their only state."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect, self.language = dialect, dialect.key

    def _made_of(self) -> _Parts:
        """What the programs are made of: their stack and the packages that they need."""
        types = ("typescript", "@types/node") if self._dialect.typed else ()
        return {
            "stack": (self._dialect.label, "Node.js", "csv-parse", "csv-stringify", "node:test"),
            "dependencies": ("csv-parse", "csv-stringify", *types),
        }

    def _commands(self, lines: tuple[str, ...]) -> Commands:
        main = f"node src/main.{self._dialect.suffix}"
        examples = tuple(f"{main} {line}" for line in lines)
        return Commands(install="npm ci", start=f"{main} --help", test="npm test", examples=examples)

    def _text(self, planned: Planned, path: str, brief: Brief, values: Mapping[str, object]) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        template = {file.path: template for file, template in planned}[path]
        if path == "sample.csv":
            return SourceFile(path, environment("files").get_template(template).render(values).encode())
        text = self._dialect.environment("tables").get_template(template).render(
            **values, brief=brief, ext=self._dialect.suffix, typed=self._dialect.typed, package=package_name(brief)
        )  # fmt: skip
        finish = script_file if path.endswith(f".{self._dialect.suffix}") else plain_file
        return SourceFile(path, finish(text).encode())


class NodeCliTool(_Tables):
    """The blueprint of a command-line tool."""

    project_type = ProjectType.CLI_TOOL

    def requirements(self, brief: Brief) -> Requirements:
        """One feature and one criterion for each operation."""
        return cli_tool.requirements(brief, **self._made_of())

    def plan(self, brief: Brief) -> Plan:
        """Modules for what the commands need, their tests, sample data and README."""
        view = cli_tool.cli_view(brief)
        commands = self._commands(tuple(command.example for command in view.commands))
        return Plan(files=tuple(file for file, _ in self._planned(brief)), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        view, ops = cli_tool.cli_view(brief), cli_tool.operations_of(brief)
        values = {"view": view, "ops": ops, "any_command": _any_command(view)}
        return self._text(self._planned(brief), path, brief, values)

    def _planned(self, brief: Brief) -> Planned:
        return cli_files(frozenset(cli_tool.operations_of(brief)), self._dialect)


class NodeDataProcessor(_Tables):
    """The blueprint of a data processor."""

    project_type = ProjectType.DATA_PROCESSOR

    def requirements(self, brief: Brief) -> Requirements:
        """What the reports hold, and one criterion for each format."""
        return data_processor.requirements(brief, **self._made_of())

    def plan(self, brief: Brief) -> Plan:
        """Modules to read, summarise and render, their tests, sample data and README."""
        commands = self._commands(_report_lines(data_processor.report_view(brief)))
        return Plan(files=tuple(file for file, _ in self._planned(brief)), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        values = {"view": data_processor.report_view(brief), "examples": self.plan(brief).commands.examples}
        return self._text(self._planned(brief), path, brief, values)

    def _planned(self, brief: Brief) -> Planned:
        return report_files(data_processor.report_view(brief).formats, self._dialect)


def _any_command(view: TablesView) -> str:
    """What the first command needs behind the file, for the variable ``column``, as expressions."""
    more = {"filter": "`${column}!=nothing`", "select": "column", "sort": "column", "group": '"--by", column'}
    return more.get(view.commands[0].name, "")


def _report_lines(view: TablesView) -> tuple[str, ...]:
    """The words behind the program in the examples of a report."""
    return tuple(line.partition(f"-m {view.package} ")[2] for line in view.examples)


BLUEPRINTS = (
    NodeCliTool(JAVASCRIPT),
    NodeCliTool(TYPESCRIPT),
    NodeDataProcessor(JAVASCRIPT),
    NodeDataProcessor(TYPESCRIPT),
)
