"""Python's test runner: the command that writes reports, and how they are read."""

from __future__ import annotations

import json
import re
import shlex

from agents.languages.base import TestReport
from agents.languages.reports import FOLDER, MAX_REPORT_BYTES, read_junit

JUNIT, COVERAGE = f"{FOLDER}/junit.xml", f"{FOLDER}/coverage.json"
_PYTEST = re.compile(r"^(?:python3? -m )?pytest\b(.*)$")


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests by its name or folder."""
    return re.match(r"(.*/)?(tests?/|test_|conftest)", path) is not None


def wrap_test(command: str) -> str:
    """The plan's test command, made to write a JUnit report and a coverage report where it is pytest's."""
    found = _PYTEST.match(command.strip())
    if found is None or re.search(r"[;&|<>`$\n]", command):
        return command
    options = [
        "-p",
        "no:cacheprovider",
        f"--junitxml={JUNIT}",
        "--cov=.",
        "--cov-report=",
        f"--cov-report=json:{COVERAGE}",
    ]
    return f"mkdir -p {FOLDER} && python -m pytest{found[1]} {shlex.join(options)}"


def read_reports(reports: dict[str, bytes]) -> TestReport:
    """Counts and coverage; None for what has no readable report."""
    return TestReport(read_junit(reports.get(JUNIT, b"")), _coverage(reports.get(COVERAGE, b"")))


def _coverage(document: bytes) -> float | None:
    """Share of executed lines outside the tests (coverage.py's JSON report)."""
    if not document or len(document) > MAX_REPORT_BYTES:
        return None
    try:
        files = json.loads(document)["files"]
        own = [entry["summary"] for path, entry in files.items() if not is_test(path)]
        lines = sum(int(summary["num_statements"]) for summary in own)
        covered = sum(int(summary["covered_lines"]) for summary in own)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return min(max(covered / lines, 0.0), 1.0) if lines else None
