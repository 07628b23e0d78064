"""The blueprint for command-line tools writes clean code that does by hand what it promises."""

from __future__ import annotations

import ast
import json
import shlex
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agents.errors import NotUnderstood
from agents.providers.offline.blueprints.cli_tool import BLUEPRINT
from agents.providers.offline.reading import read
from tests.agents.providers.offline.written import LINT, tool
from tests.agents.providers.offline.written import write as write_with

SENTENCES = (
    "A CLI that converts JSON to CSV and back",
    "Create a simple CLI tool that processes CSV files",
    "A command line tool that filters and sorts CSV by column",
    "A CLI tool that selects columns of a CSV",
    "A script that sorts JSON by price and keeps only name and price",
    "A tool that counts the rows of a CSV per country",
    "A terminal tool to get the total of a column in a CSV",
    "A CLI called Sheetwise that groups sales in a CSV by region and sums amounts",
    "A CSV to JSON converter",
    "A CLI that reads a JSON file of books and lists those published after 2000",
    "A command-line tool to query employees in CSV, with averages per department",
    "A utility to rank the rows of a CSV",
)
RUN = (SENTENCES[0], SENTENCES[1], SENTENCES[5])
write = partial(write_with, BLUEPRINT)
TABLE = (
    'name,city,amount\n"Bo, jr.",Rome,12\nÉlodie," Oslo ",  7.5 \nCy,Rome,\n'
    '"say ""x""",Oslo,12345678901234567891\n"two\nlines",Paris,1e400\n'
)


def test_written_code_is_clean(tmp_path: Path) -> None:
    for number, sentence in enumerate(SENTENCES):
        write(read(sentence), tmp_path / f"app{number}")
    options = ("--isolated", "--no-cache", "--target-version", "py311", "--config", "src=['app*']", ".")
    lint = tool(tmp_path, "ruff", "check", "--select", LINT, "--ignore", "S101", *options)
    assert lint.returncode == 0, lint.stdout
    form = tool(tmp_path, "ruff", "format", "--diff", *options)
    assert form.returncode == 0, form.stdout


@pytest.mark.parametrize("sentence", RUN)
def test_tests_of_the_written_tool_pass(sentence: str, tmp_path: Path) -> None:
    package = write(read(sentence), tmp_path).files[0].path.split("/")[0]
    ran = tool(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:asyncio",
               f"--cov={package}", "--cov-report=json:coverage.json", "-W", "error::DeprecationWarning")  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert json.loads((tmp_path / "coverage.json").read_text())["totals"]["percent_covered"] > 90


@pytest.mark.parametrize("sentence", SENTENCES[:2])
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
    assert len(required.features) == len(brief.operations) == len(plan.commands.examples)
    paths = [file.path for file in plan.files]
    assert len(paths) == len(set(paths))
    for index, file in enumerate(plan.files):
        assert set(file.depends_on) <= set(paths[:index]), file.path
    modules = [f for f in plan.of_kind("source") if not f.path.endswith(("__init__.py", "__main__.py"))]
    assert [file.path for file in modules if not file.interface] == []


@pytest.mark.parametrize("sentence", [SENTENCES[1], SENTENCES[7]])
def test_examples_of_the_readme_run(sentence: str, tmp_path: Path) -> None:
    plan = write(read(sentence), tmp_path)
    readme = (tmp_path / "README.md").read_text()
    for example in plan.commands.examples:
        assert f"    {example}\n" in readme
        ran = tool(tmp_path, *shlex.split(example)[2:])
        assert (ran.returncode, ran.stderr) == (0, "")
        assert len(ran.stdout.splitlines()) > 1, example


def test_package_of_a_long_name_has_room_in_lines_of_code() -> None:
    for name in (
        "A very long name of a tool for many files",
        "Unbelievablylongsingleworded",
        "Json",
        "日本語",
        "7 days",
    ):
        package = BLUEPRINT.plan(read(SENTENCES[1], name=name)).files[0].path.split("/")[0]
        assert package.isidentifier()
        assert len(package) <= 24
        assert package not in sys.stdlib_module_names


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tool with every command, beside files to use it on."""
    made = tmp_path_factory.mktemp("tool")
    write(read(SENTENCES[1], name="Tool"), made)
    files = {
        "t.csv": TABLE, "empty.csv": "", "head.csv": "a,b\n", "twice.csv": "a, a\n1,2\n", "open.csv": 'a\n"x\n',
        "wide.csv": "a\n1,2\n", "m.json": '[{"a": 1.5, "b": [1, 2]}, {"a": 10000000000000000000001}]',
        "empty.json": "[]", "nan.json": '[{"a": NaN}]', "t.tsv": "x\ty\n1\t2\n", "count.csv": "count\n1\n",
    }  # fmt: skip
    for name, text in files.items():
        (made / name).write_text(text, encoding="utf-8")
    (made / "latin.csv").write_bytes(b"a\n\xe9\n")
    return made


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("filter t.csv amount>5", ["name,city,amount", '"Bo, jr.",Rome,12', "Élodie, Oslo ,  7.5 ",
                                   '"say ""x""",Oslo,12345678901234567891']),
        ("filter t.csv amount<100", ["name,city,amount", '"Bo, jr.",Rome,12', "Élodie, Oslo ,  7.5 "]),
        ("filter t.csv city=Oslo amount=12345678901234567892", ["name,city,amount"]),
        ("filter t.csv city=Paris amount=7.50 --any --limit 1", ["name,city,amount", "Élodie, Oslo ,  7.5 "]),
        ("select t.csv amount city amount --limit 2", ["amount,city", "12,Rome", "  7.5 , Oslo "]),
        ("group t.csv --by city --max amount", ["city,count,max_amount", "Oslo,2,12345678901234567891", "Paris,1,",
                                                "Rome,2,12"]),
        ("stats t.csv --column city", ["column,type,count,missing,distinct,sum,min,max,mean,median,stdev",
                                       "city,text,5,0,3,,,,,,"]),
        ("stats head.csv --column a", ["column,type,count,missing,distinct,sum,min,max,mean,median,stdev",
                                       "a,empty,0,0,0,,,,,,"]),
        ("convert m.json", ["a,b", '1.5,"[1, 2]"', "10000000000000000000001,"]),
        ("convert head.csv", ["[]"]),
        ("convert empty.json", []),
        ("convert t.tsv -d tab --write-delimiter , --to csv", ["x,y", "1,2"]),
    ],
)  # fmt: skip
def test_commands_give_what_is_asked_for(command: str, lines: list[str], folder: Path) -> None:
    ran = tool(folder, "tool", *command.split(" "))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == lines


def test_sorted_numbers_come_before_text_that_is_too_large_and_nothing(folder: Path) -> None:
    rows = json.loads(tool(folder, "tool", "sort", "t.csv", "amount", "--to", "json").stdout)
    assert [row["amount"] for row in rows][-1] == ""
    clean = json.loads(tool(folder, "tool", "convert", "t.csv", "--typed").stdout)
    assert [row["amount"] for row in clean] == [12, 7.5, "", 12345678901234567891, "1e400"]
    assert clean[4]["name"] == "two\nlines"


def test_nothing_is_lost_there_and_back(folder: Path, tmp_path: Path) -> None:
    there, back = str(tmp_path / "t.json"), str(tmp_path / "t.csv")
    assert tool(folder, "tool", "convert", "t.csv", "--output", there).returncode == 0
    assert tool(folder, "tool", "convert", there, "--output", back).returncode == 0
    assert Path(back).read_text(encoding="utf-8") == TABLE.replace('" Oslo "', " Oslo ")


def test_standard_input_is_read(folder: Path) -> None:
    ran = tool(folder, "tool", "filter", "-", "a>1", given="a\n1\n2\n")
    assert ran.stdout == "a\n2\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("stats missing.csv", "missing.csv cannot be read"),
        ("stats .", "cannot be read"),
        ("stats empty.csv", "is empty"),
        ("stats twice.csv", "names a column twice"),
        ("stats open.csv", "not valid CSV"),
        ("stats wide.csv", "line 2: 2 cells, but 1 columns"),
        ("stats latin.csv", "is not UTF-8"),
        ("stats nan.json", "not valid JSON"),
        ("stats t.csv --from json", "not valid JSON"),
        ("select t.csv town", "There is no column 'town'. The columns are: name, city, amount"),
        ("filter t.csv amount", "is no condition"),
        ("sort t.csv amount --limit -1", "limit must be 0 or more"),
        ("group count.csv --by count", "name a column twice"),
        ("stats t.csv -o /dev/full", "cannot be written"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_sentence(command: str, sentence: str, folder: Path) -> None:
    ran = tool(folder, "tool", *command.split(" "))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("tool: ")
    assert sentence in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


HOSTILE = 'A CLI that sorts CSV. """; import os; os.abort() """ {{ 7 * 7 }} {% raw %}\n# Heading\n```'


@pytest.mark.parametrize("name", ['"); import os; os.abort() #', "{{ 7 * 7 }}", "a\nb'''\"\"\"", "\u202e\ud800 x"])
def test_hostile_words_stay_words(name: str, tmp_path: Path) -> None:
    try:
        brief = read(HOSTILE, name=name)
    except NotUnderstood:
        brief = replace(read("A CLI that sorts CSV", name=name), description=HOSTILE)
    for file in write(brief, tmp_path).files:
        text = (tmp_path / file.path).read_text()
        if file.path.endswith(".py"):
            nodes = list(ast.walk(ast.parse(text)))
            assert "os" not in [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
