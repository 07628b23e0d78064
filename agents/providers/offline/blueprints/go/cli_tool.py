"""A command-line tool in Go over CSV and JSON files: a command for each operation that was asked for."""

from __future__ import annotations

from agents.plan import Commands, Plan, Requirements
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.cli_tool import cli_view, operations_of
from agents.providers.offline.blueprints.cli_tool import requirements as promised
from agents.providers.offline.blueprints.go.names import go_environment, go_file, module_name
from agents.providers.offline.blueprints.go.tables_files import cli_files
from agents.types import ProjectType, SourceFile

_ARGUMENTS = {"filter": "FILE CONDITION...", "select": "FILE COLUMN...", "sort": "FILE COLUMN..."}
# For each operation: its words behind the file, command lines with what they print, and some that cannot be used.
_MORE = {"filter": "name!=x", "select": "name", "sort": "name", "group": "--by name", "statistics": "", "convert": ""}
_CASES = {
    "filter": (
        ("filter FILE amount>10 region=south", "name,region,amount\nDé,south,12\n"),
        ("filter FILE region=south amount>20 --any --limit 1", "name,region,amount\nAda,north,30\n"),
        ("filter - a=1 -d tab --write-delimiter ;", "a;b\n1;2\n"),
    ),
    "select": (
        ("select FILE name", 'name\nAda\n"Bo, jr."\nCy\nDé\n'),
        ("select - b --delimiter tab --to json", '[\n  {\n    "b": "2"\n  }\n]\n'),
    ),
    "sort": (
        ("sort FILE amount --descending --limit 1", "name,region,amount\nAda,north,30\n"),
        ("sort --delimiter tab --to csv - a", "a\tb\n1\t2\n"),
    ),
    "group": (
        ("group FILE --by region --sum amount", "region,count,sum_amount\nnorth,2,30\nsouth,2,17.5\n"),
        ("group - --by a -d tab", "a\tcount\n1\t1\n"),
    ),
    "statistics": (
        (
            "stats FILE --column region",
            "column,type,count,missing,distinct,sum,min,max,mean,median,stdev\nregion,text,4,0,2,,,,,,\n",
        ),
    ),
    "convert": (
        ("convert - -d tab", '[\n  {\n    "a": "1",\n    "b": "2"\n  }\n]\n'),
        ("convert - -d tab --typed --limit 1", '[\n  {\n    "a": 1,\n    "b": 2\n  }\n]\n'),
        ("convert - -d tab --to csv --write-delimiter ,", "a,b\n1,2\n"),
    ),
}
_WRONG = {
    "filter": ("filter FILE", "filter FILE amount", "filter FILE other=1"),
    "select": ("select FILE", "select FILE other"),
    "sort": ("sort FILE", "sort FILE other"),
    "group": ("group FILE", "group FILE --by other"),
    "statistics": ("stats FILE --column other",),
    "convert": ("convert FILE --from json",),
}
_OPTIONS = {
    "filter": ("anyOf", "bool"),
    "sort": ("descending", "bool"),
    "group": ("by", "[]string"),
    "statistics": ("columns", "[]string"),
    "convert": ("typed", "bool"),
}
_COMMON = (
    *(("file", "string"), ("others", "[]string"), ("output", "string"), ("from", "string"), ("to", "string")),
    *(("delimiter", "rune"), ("writeDelimiter", "rune"), ("limit", "int")),
)


class CliTool:
    """The blueprint; it holds no state."""

    project_type = ProjectType.CLI_TOOL
    language = "go"

    def requirements(self, brief: Brief) -> Requirements:
        """One feature and one criterion for each operation."""
        return promised(brief, stack=("Go", "flag", "encoding/csv", "encoding/json"), dependencies=())

    def plan(self, brief: Brief) -> Plan:
        """The command, its packages with their tests, sample data and README."""
        module = module_name(brief.slug)
        run = f"go run ./cmd/{module}"
        commands = Commands(
            install="go build ./...",
            start=f"{run} --help",
            test="go test ./...",
            examples=tuple(f"{run} {command.example}" for command in cli_view(brief).commands),
        )
        files = cli_files(module, frozenset(operations_of(brief)))
        return Plan(files=tuple(file for file, _ in files), commands=commands)

    def render(self, brief: Brief, path: str) -> SourceFile:
        """One planned file. Raises KeyError for a path that is not in the plan."""
        operations, view, module = operations_of(brief), cli_view(brief), module_name(brief.slug)
        template = {file.path: name for file, name in cli_files(module, frozenset(operations))}[path]
        named = {"statistics": "stats"}
        text = (
            go_environment("tables")
            .get_template(template)
            .render(
                view=view,
                brief=brief,
                module=module,
                ops=operations,
                imports=_imports(operations),
                option_rows=_option_rows(operations),
                arguments={named.get(name, name): _ARGUMENTS.get(name, "FILE") for name in operations},
                cases=[case for name in operations for case in _CASES[name]],
                wrong=[line for name in operations for line in _WRONG[name]],
                first=view.commands[0].name,
                more=_MORE[operations[0]],
            )
        )
        return SourceFile(path, (go_file(text) if path.endswith(".go") else text).encode())


def _imports(operations: tuple[str, ...]) -> list[str]:
    """What the commands import of the standard library."""
    found = {"flag"}
    found |= {"errors"} if {"filter", "select", "sort", "group"} & set(operations) else set()
    found |= {"encoding/json", "regexp", "strings"} if "convert" in operations else set()
    return sorted(found)


def _option_rows(operations: tuple[str, ...]) -> list[tuple[str, str]]:
    own = [_OPTIONS[name] for name in operations if name in _OPTIONS]
    figures = [("figures", "[]transform.Figure")] if "group" in operations else []
    return [*_COMMON, *own, *figures]


BLUEPRINT = CliTool()
