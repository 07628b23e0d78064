"""JavaScript's test runners (Node's own, Vitest, Jest): the command that writes reports, and how they are read."""

from __future__ import annotations

import json
import re

from agents.evidence import TestCounts, TestFailure
from agents.languages.base import TestReport
from agents.languages.reports import FOLDER, MAX_REPORT_BYTES, counted, failure, read_junit, read_lcov

JUNIT, JSON, LCOV = f"{FOLDER}/junit.xml", f"{FOLDER}/results.json", f"{FOLDER}/lcov.info"
REPORTS = (JUNIT, JSON, LCOV)
_OPTIONS = " ".join(
    (
        "--experimental-test-coverage",
        "--disable-warning=MaxListenersExceededWarning",
        "--test-reporter=spec --test-reporter-destination=stdout",
        f"--test-reporter=junit --test-reporter-destination={JUNIT}",
        f"--test-reporter=lcov --test-reporter-destination={LCOV}",
    )
)
# Stands before the real one in PATH: whoever starts Node's test runner, 'npm test' too, starts it with our reporters.
_NODE = f"""#!/bin/sh
for word; do
  if [ "$word" = --test ]; then exec /usr/local/bin/node {_OPTIONS} "$@"; fi
done
exec /usr/local/bin/node "$@"
"""
_VITEST = f"--reporter=default --reporter=json --outputFile.json={JSON}"
_VITEST_COVERAGE = f"--coverage.enabled --coverage.reporter=lcovonly --coverage.reportsDirectory={FOLDER}"
_JEST = f"--json --outputFile={JSON} --coverage --coverageReporters=lcovonly --coverageDirectory={FOLDER}"
_RUNS = re.compile(r"(?:npm (?:run )?test|npm t|npx (?:vitest|jest)\b.*|(?:vitest|jest)\b.*)$")


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests by its name or folder."""
    return re.search(r"(^|/)(tests?|__tests__|spec)/|\.(test|spec)\.[cm]?[jt]sx?$", path) is not None


def wrap_test(command: str) -> str:
    """The plan's test command, made to write a report of counts and one of coverage by the runner that it starts."""
    prepared = f"mkdir -p {FOLDER}/bin && printf '%s' '{_NODE}' > {FOLDER}/bin/node && chmod 755 {FOLDER}/bin/node"
    plain = f'PATH="{FOLDER}/bin:$PATH" sh -c {_quoted(command)}'
    if _RUNS.fullmatch(command.strip()) is None:
        return f"{prepared} && {plain}"
    gap = " --" if command.strip().startswith("npm") else ""
    vitest = f'{command}{gap} {_VITEST} $([ -d /deps/node_modules/@vitest/coverage-v8 ] && echo "{_VITEST_COVERAGE}")'
    return (
        f"{prepared} && if [ -x /deps/node_modules/.bin/vitest ]; then {vitest}; "
        f"elif [ -x /deps/node_modules/.bin/jest ]; then {command}{gap} {_JEST}; else {plain}; fi"
    )


def read_reports(reports: dict[str, bytes]) -> TestReport:
    """Counts and coverage; None for what has no readable report."""
    counts = read_junit(reports.get(JUNIT, b"")) or _read_json(reports.get(JSON, b""))
    return TestReport(counts, read_lcov(reports.get(LCOV, b""), is_test))


def _read_json(document: bytes) -> TestCounts | None:
    """The counts of the report that Jest defined and Vitest writes too."""
    if not document or len(document) > MAX_REPORT_BYTES:
        return None
    passed = skipped = 0
    failures: list[TestFailure] = []
    try:
        for file in json.loads(document)["testResults"]:
            for case in file["assertionResults"]:
                passed += case["status"] == "passed"
                skipped += case["status"] in ("skipped", "pending", "todo", "disabled")
                if case["status"] == "failed":
                    failures.append(failure(str(case["fullName"]), "\n".join(map(str, case["failureMessages"]))))
            if file["status"] == "failed" and not file["assertionResults"]:
                failures.append(failure(str(file["name"]), str(file.get("message", ""))))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return counted(passed, skipped, failures)


def _quoted(command: str) -> str:
    return "'" + command.replace("'", "'\"'\"'") + "'"
