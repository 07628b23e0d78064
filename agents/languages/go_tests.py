"""Go's test runner: the command that writes reports, and how they are read."""

from __future__ import annotations

import json
import re
from collections import defaultdict

from agents.evidence import TestCounts
from agents.languages.base import TestReport
from agents.languages.reports import FOLDER, MAX_REPORT_BYTES, counted, failure

EVENTS, COVERAGE = f"{FOLDER}/events.json", f"{FOLDER}/cover.out"
REPORTS = (EVENTS, COVERAGE)
MAX_EVENTS = 200_000
# Prints what the tests printed, from the events.
_SHOW = (
    "import json, sys\\n"
    "for line in sys.stdin:\\n"
    "    try:\\n        sys.stdout.write(json.loads(line).get('Output', ''))\\n"
    "    except ValueError:\\n        sys.stdout.write(line)\\n"
)
# Stands before the real one in PATH: whoever starts 'go test', a Makefile too, starts it with our report.
_GO = f"""#!/bin/sh
if [ "$1" != test ]; then exec /usr/local/bin/go "$@"; fi
shift
/usr/local/bin/go test -json -coverprofile={COVERAGE} -coverpkg=./... "$@" > {FOLDER}/now.json
code=$?
cat {FOLDER}/now.json >> {EVENTS}
printf "{_SHOW}" > {FOLDER}/show.py
python3 {FOLDER}/show.py < {FOLDER}/now.json
exit $code
"""


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests by its name or folder."""
    return path.endswith("_test.go") or re.search(r"(^|/)(testdata|tests?)/", path) is not None


def wrap_test(command: str) -> str:
    """The plan's test command, made to write a report of events and one of coverage wherever it runs 'go test'."""
    script = "'" + _GO.replace("'", "'\"'\"'") + "'"
    quoted = "'" + command.replace("'", "'\"'\"'") + "'"
    prepared = f"mkdir -p {FOLDER}/bin && printf '%s' {script} > {FOLDER}/bin/go && chmod 755 {FOLDER}/bin/go"
    return f'{prepared} && PATH="{FOLDER}/bin:$PATH" sh -c {quoted}'


def read_reports(reports: dict[str, bytes]) -> TestReport:
    """Counts and coverage; None for what has no readable report."""
    return TestReport(_counts(reports.get(EVENTS, b"")), _coverage(reports.get(COVERAGE, b"")))


def _counts(document: bytes) -> TestCounts | None:
    """Tests without subtests, and subtests; a package that failed without a failing test counts as one failure."""
    if not document or len(document) > 4 * MAX_REPORT_BYTES:
        return None
    ended: dict[tuple[str, str], str] = {}
    outputs: dict[tuple[str, str], str] = defaultdict(str)
    for line in document.decode(errors="replace").splitlines()[:MAX_EVENTS]:
        event = _event(line)
        key = (event.get("Package") or event.get("ImportPath", "").split(" ")[0], event.get("Test", ""))
        if event.get("Action") in ("pass", "fail", "skip"):
            ended[key] = event["Action"]
        if len(outputs[key]) < MAX_REPORT_BYTES // 100:
            outputs[key] += event.get("Output", "")
    if not ended:
        return None
    parents = {(package, test.rpartition("/")[0]) for package, test in ended if "/" in test}
    leaves = {key: how for key, how in ended.items() if key[1] and key not in parents}
    failures = [failure(f"{key[0]}: {key[1]}", outputs[key]) for key, how in leaves.items() if how == "fail"]
    blamed = {key[0] for key, how in leaves.items() if how == "fail"}
    for (package, test), how in ended.items():
        if not test and how == "fail" and package not in blamed:
            failures.append(failure(package, outputs[(package, "")]))
    how_many = list(leaves.values())
    return counted(how_many.count("pass"), how_many.count("skip"), failures)


def _event(line: str) -> dict[str, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _coverage(document: bytes) -> float | None:
    """The share of executed statements; a block that several packages' tests reached counts once."""
    if not document or len(document) > 4 * MAX_REPORT_BYTES:
        return None
    blocks: dict[str, tuple[int, bool]] = {}
    for line in document.decode(errors="replace").splitlines():
        found = re.fullmatch(r"(\S+:[\d.]+,[\d.]+) (\d{1,6}) (\d{1,18})", line)
        if found:
            reached = int(found[3]) > 0 or blocks.get(found[1], (0, False))[1]
            blocks[found[1]] = (int(found[2]), reached)
    total = sum(size for size, _reached in blocks.values())
    return sum(size for size, reached in blocks.values() if reached) / total if total else None
