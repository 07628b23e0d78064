"""The blueprint for data processors writes clean code whose reports hold what they promise."""

from __future__ import annotations

import json
import shlex
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agents.providers.offline.blueprints.data_processor import BLUEPRINT
from agents.providers.offline.reading import read
from tests.agents.providers.offline.written import LINT, tool
from tests.agents.providers.offline.written import write as write_with

SENTENCES = (
    "A Markdown report of sales grouped by region",
    "A tool that computes statistics per column of a CSV and writes an HTML report",
    "A data processor for survey results",
    "A data pipeline that reads JSON events and produces a JSON summary grouped by user",
    "An expense report as html, markdown and json",
    "Analyze a CSV of temperatures and report min, max and mean per city",
    "A data analyzer for employees: average salary by department, as markdown",
    "Summarize server logs by level",
    "Sales report with totals per product and quarter, in HTML and Markdown",
    "A log analyzer with JSON output",
    "A report generator for CSV files",
)
RUN = (SENTENCES[0], SENTENCES[4])
write = partial(write_with, BLUEPRINT)
TABLE = 'name,city,amount\n"<b>Bo</b>, *jr.*",Rome,12\nÉlodie, Oslo,  7.5 \nCy,Rome,\nDé|x,Oslo,30\n'


def test_written_code_is_clean(tmp_path: Path) -> None:
    for number, sentence in enumerate(SENTENCES):
        write(read(sentence), tmp_path / f"app{number}")
    options = ("--isolated", "--no-cache", "--target-version", "py311", "--config", "src=['app*']", ".")
    lint = tool(tmp_path, "ruff", "check", "--select", LINT, "--ignore", "S101", *options)
    assert lint.returncode == 0, lint.stdout
    form = tool(tmp_path, "ruff", "format", "--diff", *options)
    assert form.returncode == 0, form.stdout


@pytest.mark.parametrize("sentence", RUN)
def test_tests_of_the_written_program_pass(sentence: str, tmp_path: Path) -> None:
    package = write(read(sentence), tmp_path).files[0].path.split("/")[0]
    ran = tool(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:asyncio",
               f"--cov={package}", "--cov-report=json:coverage.json", "-W", "error::DeprecationWarning")  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert json.loads((tmp_path / "coverage.json").read_text())["totals"]["percent_covered"] > 90


@pytest.mark.parametrize("sentence", [SENTENCES[0], SENTENCES[4]])
def test_written_code_has_right_types(sentence: str, tmp_path: Path) -> None:
    write(read(sentence), tmp_path)
    checked = tool(tmp_path, "mypy", "--config-file=", "--strict", f"--cache-dir={tmp_path / 'types'}", ".")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("sentence", SENTENCES)
def test_requirements_and_plan_hold_together(sentence: str) -> None:
    brief = read(sentence)
    required, plan = BLUEPRINT.requirements(brief), BLUEPRINT.plan(brief)
    assert [one.id for one in required.criteria] == [f"AC-{n}" for n in range(1, len(required.criteria) + 1)]
    assert (required.name, required.assumptions) == (brief.name, brief.assumptions)
    written = {name for name in ("html", "markdown", "json") if f"{name}_report.py" in str(plan)}
    assert written == {{"md": "markdown"}.get(name, name) for name in brief.formats} or not brief.formats
    paths = [file.path for file in plan.files]
    assert len(paths) == len(set(paths))
    for index, file in enumerate(plan.files):
        assert set(file.depends_on) <= set(paths[:index]), file.path


@pytest.mark.parametrize("sentence", [SENTENCES[4], SENTENCES[6]])
def test_examples_of_the_readme_run(sentence: str, tmp_path: Path) -> None:
    plan = write(read(sentence), tmp_path)
    readme = (tmp_path / "README.md").read_text()
    for example in plan.commands.examples:
        assert f"    {example}\n" in readme
        ran = tool(tmp_path, *shlex.split(example)[2:])
        assert ran.returncode == 0, ran.stderr
    reports = sorted(path.suffix for path in (tmp_path / "reports").iterdir())
    assert reports == ([".md"] if sentence == SENTENCES[6] else [".html", ".json", ".md"])


def test_column_that_is_grouped_by_stands_in_example_and_sample(tmp_path: Path) -> None:
    plan = write(read(SENTENCES[6]), tmp_path)
    assert any("--group-by department" in example for example in plan.commands.examples)
    other = write(read("A report of orders per warehouse as markdown"), tmp_path)
    assert "--group-by warehouse" in other.commands.examples[1]
    assert "warehouse" in (tmp_path / "sample.csv").read_text().splitlines()[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program with every format, beside files to use it on."""
    made = tmp_path_factory.mktemp("report")
    write(read("A data processor for CSV", name="Figures"), made)
    texts = {"t.csv": TABLE, "empty.csv": "", "head.csv": "a,b\n", "twice.csv": "a,a\n", "empty.json": "[]"}
    for name, text in texts.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_figures_are_right_and_complete(folder: Path) -> None:
    ran = tool(folder, "figures", "t.csv", "--format", "json", "--group-by", "city", "--title", "Our figures")
    report = json.loads(ran.stdout)
    assert (report["title"], report["source"], report["rows"]) == ("Our figures", "t.csv", 4)
    amount = {key: report["columns"][2][key] for key in ("count", "missing", "sum", "min", "max", "mean", "median")}
    assert amount == {"count": 3, "missing": 1, "sum": 49.5, "min": 7.5, "max": 30, "mean": 16.5, "median": 12}
    assert report["groups"] == [
        {"city": "Oslo", "count": 2, "sum_amount": 37.5, "mean_amount": 18.75},
        {"city": "Rome", "count": 2, "sum_amount": 12, "mean_amount": 12},
    ]


def test_page_escapes_what_is_in_the_file_and_needs_nothing_else(folder: Path) -> None:
    ran = tool(folder, "figures", "t.csv", "--group-by", "name", "--title", "<script>&")
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    Reader().feed(ran.stdout)
    names = [tag for tag, _ in tags]
    assert ran.stdout.startswith("<!doctype html>")
    assert ("html", {"lang": "en"}) in tags
    assert {"title", "h1", "table"} <= set(names)
    assert not {"script", "b", "link", "img"} & set(names)
    assert "&lt;b&gt;Bo" in ran.stdout
    assert "http" not in ran.stdout


def test_markdown_escapes_its_own_signs(folder: Path) -> None:
    text = tool(folder, "figures", "t.csv", "--format", "md", "--group-by", "name").stdout
    assert r"\<b\>Bo\</b\>, \*jr.\*" in text
    assert r"Dé\|x" in text


@pytest.mark.parametrize("source", ["head.csv", "empty.json"])
def test_file_without_rows_has_a_report(source: str, folder: Path) -> None:
    for kind in ("html", "md", "json"):
        ran = tool(folder, "figures", source, "--format", kind)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "0" in ran.stdout


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("missing.csv", "missing.csv cannot be read"),
        ("empty.csv", "is empty"),
        ("twice.csv", "names a column twice"),
        ("t.csv --group-by town", "There is no column 'town'. The columns are: name, city, amount"),
        ("t.csv --of town --group-by city", "There is no column 'town'"),
        ("t.csv --of amount", "need a column to group by"),
        ("t.csv -d ::", "delimiter must be one character"),
        ("t.csv --output-dir /dev/null/x", "cannot be written"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_sentence(command: str, sentence: str, folder: Path) -> None:
    ran = tool(folder, "figures", *command.split(" "))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("figures: ")
    assert sentence in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
