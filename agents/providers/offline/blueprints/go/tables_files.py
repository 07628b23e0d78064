"""The files of programs over tables in Go: which template writes each, what it offers and what it needs."""

from __future__ import annotations

from agents.plan import FileKind, PlannedFile

Planned = list[tuple[PlannedFile, str]]
_TABLE = tuple(f"internal/table/{name}.go" for name in ("table", "read", "write"))
_RENDERERS = {"html": "html.go", "md": "markdown.go", "json": "json.go"}
_OFFERS = {
    "filter": "ParseCondition(text) (Condition, error); Filter(t, conditions, anyOf) (*table.Table, error)",
    "columns": "Select(t, names) (*table.Table, error); Sort(t, names, descending) (*table.Table, error)",
    "group": "Group(t, by, figures []Figure) (*table.Table, error)",
    "summary": "Summarise(t, names) (*table.Table, error), one row of each column",
}
_PURPOSES = {
    "filter": "Keeps the rows that fit conditions.",
    "columns": "Chooses columns and sorts rows.",
    "group": "Groups rows, with figures over them.",
    "summary": "Statistics of each column.",
}


def cli_files(module: str, operations: frozenset[str]) -> Planned:
    """The files of a command-line tool with these operations."""
    found = [*_shared(), *_transform(operations)]
    needs = (*_TABLE, *(file.path for file, _ in found if file.path.startswith("internal/transform/")))
    offers = "Run(arguments []string, stdin, stdout, stderr) int: 0, or 2 for input that cannot be used"
    found += [
        _file("internal/cli/options.go", "source", "Reads the options.", "parse(command, arguments)", *needs),
        _file("internal/cli/commands.go", "source", "What each command does.", "one function a command", *needs),
        _file("internal/cli/cli.go", "source", "The command line.", offers, "internal/cli/commands.go"),
    ]
    return [*found, *_last(module, "README.md.j2"), *_tests(operations, "cli_test.go.j2")]


def report_files(module: str, formats: tuple[str, ...]) -> Planned:
    """The files of a data processor that writes reports in these formats."""
    operations = frozenset({"group", "statistics"})
    found = [*_shared(), *_transform(operations)]
    needs = (*_TABLE, "internal/transform/group.go", "internal/transform/summary.go")
    renderers = [f"internal/report/{_RENDERERS[name]}" for name in formats]
    if "html" in formats:
        found.append(_file("internal/report/report.html", "source", "The layout of the page.", ""))
    found.append(
        _file(
            "internal/report/report.go",
            "source",
            "What a report tells of a table.",
            "Make(...) (*Report, error)",
            *needs,
        )
    )
    found += [
        _file(path, "source", "Writes a report.", "a Renderer", "internal/report/report.go") for path in renderers
    ]
    offers = "Run(arguments []string, stdin, stdout, stderr) int: 0, or 2 for input that cannot be used"
    command = _file("internal/cli/cli.go", "source", "The command line.", offers, *renderers)
    found.append((command[0], "report_cli.go.j2"))
    test = _file("internal/report/report_test.go", "test", "What the reports hold.", "", "internal/report/report.go")
    return [*found, *_last(module, "report_README.md.j2"), *_tests(operations, "report_cli_test.go.j2"), test]


def _file(path: str, kind: FileKind, purpose: str, interface: str, *needs: str) -> tuple[PlannedFile, str]:
    planned = PlannedFile(path=path, kind=kind, purpose=purpose, interface=interface, depends_on=needs)
    return planned, f"{path.rsplit('/', 1)[-1]}.j2"


def _shared() -> Planned:
    return [
        _file("go.mod", "extra", "The module and its version of Go.", ""),
        _file(_TABLE[0], "source", "Tables and their cells.", "Table{Columns, Rows}; Number, Text, Tidy, FormatOf"),
        _file(_TABLE[1], "source", "Reads CSV and JSON.", "Read(source, stdin, format, delimiter)", _TABLE[0]),
        _file(_TABLE[2], "source", "Writes CSV and JSON.", "Write(w, t, format, delimiter) error", _TABLE[0]),
    ]


def _transform(operations: frozenset[str]) -> Planned:
    """The files that these operations need."""
    names = [name for name in ("filter",) if name in operations]
    names += ["columns"] if operations & {"select", "sort"} else []
    names += ["group"] if operations & {"group", "statistics"} else []
    names += ["summary"] if "statistics" in operations else []
    if not names:
        return []
    doc, _ = _file("internal/transform/doc.go", "source", "What the package is for.", "package transform")
    found = [
        _file(f"internal/transform/{name}.go", "source", _PURPOSES[name], _OFFERS[name], *_TABLE) for name in names
    ]
    return [(doc, "transform_doc.go.j2"), *found]


def _last(module: str, readme: str) -> Planned:
    main = _file(f"cmd/{module}/main.go", "source", "The program.", "exits with the code of Run", "internal/cli/cli.go")
    sample = _file("sample.csv", "extra", "Made-up data to try the program with.", "")
    written, _ = _file("README.md", "extra", "How to build, use and test it.", "")
    return [main, sample, (written, readme)]


def _tests(operations: frozenset[str], cli: str) -> Planned:
    table = _file("internal/table/table_test.go", "test", "Reading and writing tables.", "", *_TABLE)
    command, _ = _file("internal/cli/cli_test.go", "test", "The program as it is called.", "", "internal/cli/cli.go")
    found = [table, (command, cli)]
    if _transform(operations):
        path = "internal/transform/transform_test.go"
        found.append(_file(path, "test", "What becomes of tables.", "", "internal/transform/doc.go"))
    return found
