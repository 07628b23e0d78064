"""A language that nobody has: programs are shell scripts called ``*.toy``. It shows what a new one must bring."""

from __future__ import annotations

import re
from dataclasses import replace

from agents.evidence import Finding, TestCounts
from agents.languages.base import Bench, Fetched, PackageCache, TestReport, Words
from agents.languages.python import TOOLCHAIN as PYTHON
from agents.plan import Plan, Requirements
from agents.types import Level, SourceFile

REPORT = "/tmp/reports/toy"
FOLDER = REPORT.rpartition("/")[0]


def _fetch(manifest: tuple[str, ...], _cache: PackageCache, **_more: object) -> Fetched:
    return Fetched((), "".join(f"{line} 1\n" for line in sorted(manifest)), from_cache=True)


def _read_reports(reports: dict[str, bytes]) -> TestReport:
    lines = reports.get(REPORT, b"").decode().split()
    if not lines:
        return TestReport(None, None)
    return TestReport(TestCounts(passed=lines.count("ok"), failed=lines.count("wrong"), skipped=0), coverage=1.0)


def _syntax_error(file: SourceFile) -> str:
    opened, closed = file.text.count("{"), file.text.count("}")
    return "" if not file.path.endswith(".toy") or opened == closed else f"{file.path} line 1: braces do not match"


def _format(files: tuple[SourceFile, ...], bench: Bench) -> tuple[SourceFile, ...]:
    """Trailing blanks go, by a tool in the sandbox."""
    line = "find . -name '*.toy' -exec sed -i 's/ *$//' {} +"
    formatted = {file.path: file for file in bench.run(line, files, results="/work").files}
    return tuple(SourceFile(file.path, formatted[file.path].content, file.mode) for file in files)


def _lint(files: tuple[SourceFile, ...], _bench: Bench) -> tuple[Finding, ...]:
    return tuple(
        Finding(path=file.path, line=1, level=Level.WARNING, rule="S:eval", message="eval runs what it is given")
        for file in files
        if file.path.endswith(".toy") and re.search(r"\beval\b", file.text)
    )


def _templates(_requirements: Requirements, _plan: Plan) -> tuple[SourceFile, ...]:
    return (SourceFile(".gitignore", b"*.out\n"),)


TOY = replace(
    PYTHON,
    key="toy",
    label="Toy 1",
    image="python",
    suffixes=(".toy",),
    words=Words("true", "sh tests.toy", "lists words, one a line", names=("toy",)),
    manifest="words.list",
    lock="words.lock",
    environment={},
    test_requirements=(),
    read_manifest=lambda text: tuple(text.split()),
    write_manifest=lambda _before, lines: "".join(f"{line}\n" for line in lines),
    unpinned=lambda line: line,
    pinned=lambda line, _fetched: line,
    declared=lambda line, _fetched: line,
    lock_files=lambda fetched, _manifest: {"words.lock": fetched.lock} if fetched.lock else {},
    fetch=_fetch,
    install="true",
    wrap_test=lambda command: f"mkdir -p {FOLDER} && {command} | tee {REPORT}",
    reports=(REPORT,),
    read_reports=_read_reports,
    is_test=lambda path: path.startswith("tests"),
    syntax_error=_syntax_error,
    modules_in=lambda _fetched, declared: frozenset(declared),
    unresolved_imports=lambda _files, _lines, _modules: (),
    format=_format,
    lint=_lint,
    type_check=lambda _files, _bench: None,
    documented=lambda file: (int(file.text.startswith("#")), 1) if file.path.endswith(".toy") else (0, 0),
    templates=_templates,
)
