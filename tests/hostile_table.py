"""``pytest --hostile-table``: hostile programs, what became of them, and how long it took, as a table at the end.

A test is in it by its marker: ``@pytest.mark.hostile("the program", "what must become of it")``.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

ROWS = pytest.StashKey[list[tuple[str, str, str, float, bool]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    parser.addoption("--hostile-table", action="store_true", help="print a table of the hostile programs")


def pytest_configure(config: pytest.Config) -> None:
    """An empty table, and the marker's meaning."""
    config.stash[ROWS] = []
    config.addinivalue_line("markers", "hostile(program, outcome): a hostile program and what must become of it")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a row when a hostile test was run, and again what its clean-up found."""
    report = yield
    marker = item.get_closest_marker("hostile")
    rows = item.config.stash[ROWS]
    if marker is not None and report.when == "call":
        program, outcome = marker.args
        told = outcome if report.passed else "NOT CONTAINED"
        rows.append((program, item.name.partition("[")[2].rstrip("]"), told, call.duration, report.passed))
    elif marker is not None and report.when == "teardown" and report.failed and rows:
        rows[-1] = (*rows[-1][:2], "LEFT SOMETHING BEHIND", rows[-1][3], False)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    if not config.getoption("--hostile-table"):
        return
    terminalreporter.section("hostile programs")
    for program, case, outcome, seconds, _held in config.stash[ROWS]:
        terminalreporter.write_line(f"{program[:52]:52}  {case[:40]:40}  {outcome[:52]:52}  {seconds:6.1f} s")
    rows = config.stash[ROWS]
    held, seconds = sum(row[4] for row in rows), sum(row[3] for row in rows)
    terminalreporter.write_line(f"{held} of {len(rows)} contained and cleared away, in {seconds:.0f} s")
