"""Python's test runner: the command that writes reports, and how they are read."""

from __future__ import annotations

import json
import re
import shlex
from xml.etree import ElementTree

from agents.evidence import TestCounts, TestFailure
from agents.languages.base import TestReport

FOLDER = "/tmp/reports"  # noqa: S108 - in the sandbox
JUNIT, COVERAGE = f"{FOLDER}/junit.xml", f"{FOLDER}/coverage.json"
MAX_REPORT_BYTES = 4 * 1024 * 1024
MAX_FAILURES = 50
_PYTEST = re.compile(r"^(?:python3? -m )?pytest\b(.*)$")


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
    return TestReport(_counts(reports.get(JUNIT, b"")), _coverage(reports.get(COVERAGE, b"")))


def _counts(document: bytes) -> TestCounts | None:
    # A document type could declare entities that grow without limit; no report needs one.
    if not document or len(document) > MAX_REPORT_BYTES or b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        return None
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - entities are refused above
    except ElementTree.ParseError:
        return None
    failures, passed, skipped = [], 0, 0
    for case in root.iter("testcase"):
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        if problem is not None:
            name = f"{case.get('classname', '')}::{case.get('name', '')}".strip(":")
            text = f"{problem.get('message', '')}\n{problem.text or ''}".strip()
            failures.append(TestFailure(name=name[:300], message=text[:4000]))
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    kept = tuple(failures[:MAX_FAILURES])
    return TestCounts(passed=passed, failed=len(failures), skipped=skipped, failures=kept)


def _coverage(document: bytes) -> float | None:
    """Share of executed lines outside the tests (coverage.py's JSON report)."""
    if not document or len(document) > MAX_REPORT_BYTES:
        return None
    try:
        files = json.loads(document)["files"]
        own = [
            entry["summary"] for path, entry in files.items() if not re.match(r"(.*/)?(tests?/|test_|conftest)", path)
        ]
        lines = sum(int(summary["num_statements"]) for summary in own)
        covered = sum(int(summary["covered_lines"]) for summary in own)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return min(max(covered / lines, 0.0), 1.0) if lines else None
