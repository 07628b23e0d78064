"""Reads the reports of test runners: JUnit's XML, LCOV. They were written by untrusted code, so nothing is believed."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

from agents.evidence import TestCounts, TestFailure

FOLDER = "/tmp/reports"  # noqa: S108 - in the sandbox
MAX_REPORT_BYTES = 4 * 1024 * 1024
MAX_FAILURES = 50
MAX_LINES = 1_000_000


def read_junit(document: bytes) -> TestCounts | None:
    """The counts of a JUnit report; None for what is none."""
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
            name = f"{case.get('classname', '')}::{case.get('name', '')}".removeprefix("test::").strip(":")
            failures.append(failure(name, f"{problem.get('message', '')}\n{problem.text or ''}"))
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return counted(passed, skipped, failures)


def failure(name: str, message: str) -> TestFailure:
    """One failing test, shortened."""
    return TestFailure(name=name[:300], message=message.strip()[:4000])


def counted(passed: int, skipped: int, failures: list[TestFailure]) -> TestCounts:
    """Counts with the first failures."""
    return TestCounts(passed=passed, failed=len(failures), skipped=skipped, failures=tuple(failures[:MAX_FAILURES]))


def read_lcov(document: bytes, is_test: Callable[[str], bool]) -> float | None:
    """The share of executed lines outside the tests; None for a report that names no line."""
    if not document or len(document) > MAX_REPORT_BYTES:
        return None
    lines = covered = 0
    own = True
    for line in document.decode(errors="replace").splitlines()[:MAX_LINES]:
        if line.startswith("SF:"):
            path = line[3:].removeprefix("/work/")
            own = not is_test(path) and "node_modules/" not in path
        elif own and (found := re.fullmatch(r"DA:\d{1,7},(\d{1,18})(?:,.*)?", line)):
            lines += 1
            covered += int(found[1]) > 0
    return covered / lines if lines else None
