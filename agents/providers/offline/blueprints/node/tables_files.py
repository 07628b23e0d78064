"""The files of programs over tables on Node.js: which template writes each, what it offers and what it needs."""

from __future__ import annotations

from agents.plan import PlannedFile
from agents.providers.offline.blueprints.node.dialect import Dialect

Planned = list[tuple[PlannedFile, str]]
_MAIN = "main(words) -> exit code: 0, or 2 for input that cannot be used"


class _Folder:
    """Collects planned files with their templates."""

    def __init__(self, dialect: Dialect) -> None:
        self.found: Planned = []
        self._dialect = dialect

    def source(self, name: str, purpose: str, interface: str, *needs: str, template: str = "") -> None:
        """A module; ``needs`` are names of other modules."""
        ext = self._dialect.suffix
        depends = tuple(f"src/{need}.{ext}" for need in needs)
        file = PlannedFile(
            path=f"src/{name}.{ext}", kind="source", purpose=purpose, interface=interface, depends_on=depends
        )
        self.found.append((file, template or f"{name.replace('-', '_')}.j2"))

    def extras(self) -> None:
        """Manifest, configuration of the compiler, sample data and README."""
        files = {"package.json": "Scripts and pinned packages."}
        files |= {"tsconfig.json": "How the compiler checks the types."} if self._dialect.typed else {}
        files |= {"sample.csv": "Made-up data to try the program with.", "README.md": "How to use and test it."}
        for path, purpose in files.items():
            self.found.append((PlannedFile(path=path, kind="extra", purpose=purpose), f"{path}.j2"))

    def tests(self, templates: dict[str, str]) -> None:
        """The tests of modules, and what they share; ``templates`` are those of each module."""
        ext = self._dialect.suffix
        support = f"test/support.{ext}"
        needs = (f"src/cli.{ext}", f"src/main.{ext}")
        shared = PlannedFile(
            path=support, kind="test", purpose="Files to test with, and the program as called.", depends_on=needs
        )
        self.found.append((shared, "test_support.j2"))
        for name, template in templates.items():
            purpose = "The program as a person calls it." if name == "cli" else f"What {name}.{ext} does."
            test = PlannedFile(
                path=f"test/{name}.test.{ext}", kind="test", purpose=purpose, depends_on=(support, f"src/{name}.{ext}")
            )
            self.found.append((test, template))


def cli_files(operations: frozenset[str], dialect: Dialect) -> Planned:
    """The files of a command-line tool with these operations."""
    folder = _Folder(dialect)
    _shared(folder)
    modules = _modules(folder, operations)
    folder.source("cli", "The command line.", _MAIN, "errors", "options", "tables", *modules)
    folder.source("main", "Runs the program.", "", "cli")
    folder.extras()
    folder.tests({name: f"test_{name}.j2" for name in ("tables", *modules, "cli")})
    return folder.found


def report_files(formats: tuple[str, ...], dialect: Dialect) -> Planned:
    """The files of a data processor that writes reports in these formats."""
    folder = _Folder(dialect)
    _shared(folder)
    modules = _modules(folder, frozenset({"group", "statistics"}))
    folder.source(
        "report",
        "What a report tells of a table.",
        "makeReport(table, {title, source, by, of}) -> {title, source, rows, columns, groups}, throws InputError; "
        "numberColumns(table) -> names; sections(report) -> [{heading, table}]",
        "errors",
        "tables",
        *modules,
    )
    renderers = [f"{'markdown' if name == 'md' else name}-report" for name in formats]
    for name in renderers:
        kind = name.removesuffix("-report")
        folder.source(name, f"Writes a report: {kind}.", f"render{kind.title()}(report) -> text", "report", "tables")
    needs = ("errors", "options", "report", "tables", *renderers)
    folder.source("cli", "The command line.", _MAIN, *needs, template="report_cli.j2")
    folder.source("main", "Runs the program.", "", "cli")
    folder.extras()
    tests = {name: f"test_{name}.j2" for name in ("tables", *modules, "report")}
    folder.tests({**tests, "cli": "test_report_cli.j2"})
    return folder.found


def _shared(folder: _Folder) -> None:
    folder.source("errors", "What goes wrong because of what a person gave.", "class InputError extends Error")
    folder.source(
        "tables",
        "Reads and writes tables.",
        "readTable(source, {format, delimiter}) -> {columns, rows}, throws InputError; formatTable(table, format, "
        "delimiter) -> text; numberOf(cell); textOf(cell); isMissing(cell); requireColumns(table, names)",
        "errors",
    )
    folder.source(
        "options",
        "Reads the values of options.",
        "textOption, textOptions, chosen, formatOption, delimiterOption; throw InputError",
        "errors",
        "tables",
    )


def _modules(folder: _Folder, operations: frozenset[str]) -> list[str]:
    """The modules that these operations need; gives their names."""
    made = []
    if "filter" in operations:
        interface = "parseCondition(text) -> condition; filterRows(table, conditions, isOneEnough) -> table"
        folder.source("filtering", "Keeps the rows that fit conditions.", interface, "errors", "tables")
        made.append("filtering")
    if operations & {"select", "sort"}:
        interface = "select(table, names) -> table; sortRows(table, names, isDescending) -> table"
        folder.source("columns", "Chooses columns and sorts rows.", interface, "tables")
        made.append("columns")
    if operations & {"group", "statistics"}:
        interface = "group(table, by, figures) -> table, throws InputError; tidy(number) -> number"
        folder.source("grouping", "Groups rows, with figures over them.", interface, "errors", "tables")
        made.append("grouping")
    if "statistics" in operations:
        folder.source(
            "summary",
            "Statistics of each column.",
            "summarise(table, names) -> table, a row a column",
            "grouping",
            "tables",
        )
        made.append("summary")
    return made
