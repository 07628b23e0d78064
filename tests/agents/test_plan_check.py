"""Plans that cannot be carried out are refused with a sentence that says why."""

from __future__ import annotations

from typing import Any

import pytest

from agents.plan import Plan, PlannedFile
from agents.plan_check import MAX_COMMAND, levels, plan_problem


def planned(path: str, *needs: str, kind: str = "source") -> dict[str, Any]:
    """One file of a plan."""
    return {"path": path, "kind": kind, "purpose": "x", "depends_on": needs}


def problem(*files: dict[str, Any], **commands: Any) -> str:
    """What is wrong with a plan of these files, a main module and a test."""
    every = (*files, planned("main.py"), planned("tests/test_main.py", kind="test"))
    return plan_problem(Plan.model_validate({"files": every, "commands": {"test": "pytest", **commands}}))


SERVER: dict[str, Any] = {"start": "python main.py", "port": 8000, "probes": [{"path": "/"}]}


def test_plans_that_can_be_carried_out_pass() -> None:
    assert problem() == ""
    assert problem(planned("a.py", "main.py"), planned("b.py", "a.py", "main.py"), **SERVER) == ""
    assert problem(examples=["python main.py --help"], start="python main.py", install="pip install -r r.txt") == ""


@pytest.mark.parametrize(
    "path",
    ["../a.py", "/a.py", "a//b.py", "./a.py", ".git/hooks/x", "C:/a.py", "a\\b.py", "a/", "~/a", "nul.py", "a\nb.py",
     "cafe\u0301.py",
     ".env", "a.py ", "node_modules/a.js"],
)  # fmt: skip
def test_unsafe_paths(path: str) -> None:
    assert "path" in problem(planned(path))


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("a.py", "a.py", "a.py is planned twice."),
        ("a.py", "A.py", "A.py and a.py are one file on some systems."),
        ("app", "app/a.py", "app is a file, so app/a.py cannot be below it."),
        ("app/a.py", "App", "App is a folder already."),
    ],
)
def test_paths_that_collide(first: str, second: str, words: str) -> None:
    assert problem(planned(first), planned(second)) == words


@pytest.mark.parametrize(("kinds", "missing"), [(("source",), "test"), (("test", "extra"), "source")])
def test_sources_and_tests_are_needed(kinds: tuple[str, ...], missing: str) -> None:
    files = [planned(f"{kind}.py", kind=kind) for kind in kinds]
    plan = Plan.model_validate({"files": files, "commands": {"test": "pytest"}})
    assert plan_problem(plan) == f"The plan has no file of the kind '{missing}'."


def test_unknown_and_own_dependencies() -> None:
    assert problem(planned("a.py", "b.py", "Main.py")) == "a.py depends on Main.py, b.py, which the plan does not hold."
    assert problem(planned("a.py", "a.py")) == "a.py depends on itself."


def test_a_circle_is_named_and_only_the_circle() -> None:
    files = (
        planned("a.py", "b.py"),
        planned("b.py", "c.py", "main.py"),
        planned("c.py", "a.py"),
        planned("0.py", "a.py"),
    )
    assert "in a circle: a.py → b.py → c.py → a.py." in problem(*files)


def test_files_come_in_levels_after_what_they_need() -> None:
    files = [
        planned("c.py", "a.py", "b.py"),
        planned("b.py", "a.py"),
        planned("a.py"),
        planned("d.py", "not planned here"),
    ]
    groups = levels(tuple(PlannedFile.model_validate(file) for file in files))
    assert [[file.path for file in group] for group in groups] == [["a.py", "d.py"], ["b.py"], ["c.py"]]
    assert levels(()) == []


def test_a_long_chain_is_no_circle() -> None:
    files = tuple(PlannedFile.model_validate(planned(f"{n}.py", *([f"{n - 1}.py"] if n else []))) for n in range(300))
    assert len(levels(files)) == 300


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ({"probes": [{"path": "/"}], "start": "python main.py"}, "probes but no port"),
        ({**SERVER, "start": ""}, "a port but no start command"),
        ({**SERVER, "start": "  "}, "a port but no start command"),
        ({"test": " "}, "no test command"),
        ({**SERVER, "probes": [{"path": "/a b"}]}, "'/a b' holds what no URL holds"),
        ({**SERVER, "probes": [{"path": "/a\r\nHost: evil"}]}, "holds what no URL holds"),
        ({**SERVER, "probes": [{"path": "/\u00e4"}]}, "holds what no URL holds"),
    ],
)
def test_commands_that_cannot_prove_anything(commands: dict[str, Any], words: str) -> None:
    assert words in problem(**commands)


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\n", "a\u2028b", "a\x00b", "a\x0bb"])
@pytest.mark.parametrize("name", ["install", "start", "test", "examples"])
def test_a_command_is_one_line(name: str, bad: str) -> None:
    assert problem(**{name: [bad] if name == "examples" else bad}) == "A command is longer than one line."


@pytest.mark.parametrize("name", ["install", "start", "examples"])
def test_a_command_is_no_program(name: str) -> None:
    long = "x" * (MAX_COMMAND + 1)
    assert problem(**{name: [long] if name == "examples" else long}) == "A command is longer than one line."
