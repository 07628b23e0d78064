"""The files of programs over tables: which template writes each, what it offers and what it needs."""

from __future__ import annotations

from agents.plan import FileKind, PlannedFile
from agents.providers.offline.blueprints.tables_view import TablesView

Planned = list[tuple[PlannedFile, str]]


class _Folder:
    """Collects planned files of one package with their templates."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found: Planned = []

    def source(self, name: str, purpose: str, interface: str = "", *needs: str, template: str = "") -> None:
        """A module of the package; ``needs`` are names of other modules of it."""
        depends = tuple(f"{self.package}/{need}.py" for need in needs)
        file = PlannedFile(
            path=f"{self.package}/{name}.py", kind="source", purpose=purpose, interface=interface, depends_on=depends
        )
        self.found.append((file, template or f"{name}.py.j2"))

    def other(self, path: str, kind: FileKind, purpose: str, template: str, *needs: str) -> None:
        """A test or an extra file."""
        self.found.append((PlannedFile(path=path, kind=kind, purpose=purpose, depends_on=needs), template))

    def test(self, name: str, purpose: str, template: str = "") -> None:
        """The tests of one module."""
        self.other(f"tests/test_{name}.py", "test", purpose, template or f"test_{name}.py.j2", "tests/conftest.py")


def cli_files(view: TablesView, operations: frozenset[str]) -> Planned:
    """The files of a command-line tool with these operations."""
    folder = _Folder(view.package)
    _shared(folder, view)
    modules = _modules(folder, operations)
    interface = "main(arguments: Sequence[str] | None = None) -> int: exit code 0, or 2 for input that cannot be used"
    folder.source("cli", "The command line.", interface, "errors", "tables", *modules)
    folder.source("__main__", "Lets the package run as a program.", "", "cli", template="main_module.py.j2")
    _last(folder, "README.md.j2")
    folder.test("tables", "Reading and writing tables.")
    for name in modules:
        folder.test(name, f"What {name}.py does.")
    folder.test("cli", "The program as a person calls it.")
    return folder.found


def report_files(view: TablesView) -> Planned:
    """The files of a data processor that writes reports in the view's formats."""
    folder = _Folder(view.package)
    _shared(folder, view)
    _modules(folder, frozenset({"group", "statistics"}))
    folder.source(
        "report",
        "What a report tells of a table.",
        "Report(title, source, rows, columns: Table, groups: Table | None); "
        "make_report(table, source, title, by=(), of=()) -> Report, raises InputError",
        "errors",
        "grouping",
        "summary",
        "tables",
    )
    renderers = [f"{'markdown' if name == 'md' else name}_report" for name in view.formats]
    for name in renderers:
        folder.source(
            name, f"Writes a report: {name.split('_')[0]}.", "render(report: Report) -> str", "report", "tables"
        )
    interface = "main(arguments: Sequence[str] | None = None) -> int: exit code 0, or 2 for input that cannot be used"
    folder.source("cli", "The command line.", interface, "report", *renderers, template="report_cli.py.j2")
    folder.source("__main__", "Lets the package run as a program.", "", "cli", template="main_module.py.j2")
    _last(folder, "report_README.md.j2")
    for name in ("tables", "grouping", "summary", "report"):
        folder.test(name, f"What {name}.py does.")
    folder.test("cli", "The program as a person calls it.", "test_report_cli.py.j2")
    return folder.found


def _shared(folder: _Folder, view: TablesView) -> None:
    folder.source("__init__", f"{view.title}.", template="package.py.j2")
    folder.source("errors", "What goes wrong because of what a person gave.", "class InputError(Exception)")
    folder.source(
        "tables",
        "Reads and writes tables.",
        "Table(columns: list[str], rows: list[dict[str, object]]); read_table(source, format_name=None, "
        "delimiter=',') -> Table, raises InputError; write_table(table, stream, format_name, delimiter=',')",
        "errors",
    )


def _modules(folder: _Folder, operations: frozenset[str]) -> list[str]:
    """The modules that these operations need; gives their names."""
    made = []
    if "filter" in operations:
        interface = "parse_condition(text) -> Condition; filter_rows(table, conditions, any_of=False) -> Table"
        folder.source("filtering", "Keeps the rows that fit conditions.", interface, "errors", "tables")
        made.append("filtering")
    if operations & {"select", "sort"}:
        interface = "select(table, names) -> Table; sort_rows(table, names, descending=False) -> Table"
        folder.source("columns", "Chooses columns and sorts rows.", interface, "tables")
        made.append("columns")
    if operations & {"group", "statistics"}:
        interface = "group(table, by, figures=()) -> Table, raises InputError; tidy(number) -> float | int"
        folder.source("grouping", "Groups rows, with figures over them.", interface, "errors", "tables")
        made.append("grouping")
    if "statistics" in operations:
        interface = "summarise(table, names=()) -> Table with one row a column"
        folder.source("summary", "Statistics of each column.", interface, "grouping", "tables")
        made.append("summary")
    return made


def _last(folder: _Folder, readme: str) -> None:
    folder.other("sample.csv", "extra", "Made-up data to try the program with.", "sample.csv.j2")
    folder.other("requirements.txt", "extra", "Pinned packages to test it.", "requirements.txt.j2")
    folder.other("README.md", "extra", "How to install, use and test it.", readme)
    folder.other("tests/conftest.py", "test", "Files to test with.", "conftest.py.j2")
