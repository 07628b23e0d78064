"""A suite of tasks: runs, checks in the sandbox, the report, and what keeps the host safe."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from agents.types import MODE_EXECUTABLE
from generations.command_line import running
from generations.evaluation import evaluating
from generations.evaluation.checks import on_host
from generations.evaluation.evaluating import Choices, Evaluation
from generations.evaluation.report import Report, TaskReport
from generations.evaluation.suite import SuiteError, Task, read_suite
from generations.models import Project, Run
from generations.results import result_of
from tests.evaluation_suite import SENTENCE, add
from tests.factories import make_project, make_user

ROOT = Path(__file__).resolve().parent.parent.parent
REFUSED = "Write a poem about the sea"
ROW = {
    "task", "run_id", "verdict", "reason", "check", "check_exit_code", "check_output", "calls", "prompt_tokens",
    "completion_tokens", "cost_usd", "seconds", "repair_rounds", "quality", "tests",
}  # fmt: skip
Environment = dict[str, str]


@pytest.fixture
def admin(transactional_db: None) -> User:
    return make_user("admin", is_superuser=True, is_staff=True)


def evaluate(environment: Environment, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "evaluate", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.sandbox
@pytest.mark.usefixtures("admin")
def test_runs_are_checked_and_a_wrong_verdict_is_visible(process_environment: Environment, tmp_path: Path) -> None:
    suite, out = tmp_path / "suite", tmp_path / "report.json"
    start = "import os, subprocess\nfrom pathlib import Path\n"
    add(
        suite,
        "holds",
        f"{start}assert Path('README.md').is_file()\nsubprocess.run(os.environ['APP_START'], shell=True, check=True)",
    )
    add(suite, "fails", "print('the sixth column is missing')\nraise SystemExit(7)")
    done = evaluate(process_environment, suite, "--provider", "offline", "--jobs", "2", "--out", out)
    assert done.returncode == 1, done.stderr
    report = json.loads(out.read_text())
    assert set(report) == {"provider", "suite", "started_at", "tasks", "totals"}
    fails, holds = report["tasks"]
    assert set(fails) == set(holds) == ROW
    assert (fails["task"], fails["verdict"], fails["check"], fails["check_exit_code"], fails["check_output"]) == (
        "fails", "succeeded", "failed", 7, "the sixth column is missing",
    )  # fmt: skip
    assert (holds["verdict"], holds["check"], holds["check_exit_code"], holds["repair_rounds"]) == (
        "succeeded",
        "held",
        0,
        0,
    )
    assert holds["calls"] > 0
    assert holds["tests"]["passed"] > 10
    assert (report["totals"]["succeeded"], report["totals"]["held"]) == (2, 1)
    assert "FAILED !! (7)" in done.stdout
    assert "succeeded 2 of 2, checks held 1 of 2, SUCCEEDED BUT CHECK FAILED 1" in done.stdout.splitlines()[-1]
    assert "holds: succeeded, check held" in done.stderr
    run = Run.objects.select_related("project__owner").get(pk=holds["run_id"])
    assert (run.project.name, run.project.owner.get_username(), run.settings["name"]) == ("holds", "admin", "")
    evaluate(process_environment, suite, "--provider", "offline", "--limit", "1", "--out", out)
    assert [row["task"] for row in json.loads(out.read_text())["tasks"]] == ["fails"]
    assert Project.objects.get(name="fails").runs.count() == 2


WORDS = ("--provider", "offline")


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("missing", *WORDS), "There is no folder"),
        (("empty", *WORDS), "holds no task"),
        (("broken", *WORDS, "--limit", "1"), "no-check has no check; no-prompt has no task.md; plain has a check that"),
        (("broken", *WORDS), "void has an empty task.md"),
        (("good", "--provider", "nobody"), "Choose one of these providers"),
        (("good", *WORDS, "--jobs", "0"), "must be more than 0"),
        (("good", *WORDS, "--limit", "0"), "must be more than 0"),
        (("good", *WORDS, "--check-seconds", "0"), "must be more than 0"),
        (("good",), "--provider"),
        (("unwritable", *WORDS), "cannot be written"),
    ],
)  # fmt: skip
def test_wrong_usage_is_a_sentence_and_2(
    process_environment: Environment, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    for name in ("good", "unwritable"):
        add(tmp_path / name, "a", "")
    (tmp_path / "empty").mkdir()
    for name in ("fine", "no-check", "no-prompt", "plain", "void"):
        add(tmp_path / "broken", name, "")
    (tmp_path / "broken/no-check/check").unlink()
    (tmp_path / "broken/no-prompt/task.md").unlink()
    (tmp_path / "broken/plain/check").chmod(0o644)
    (tmp_path / "broken/void/task.md").write_text("\n")
    out = tmp_path / ("nowhere/report.json" if words[0] == "unwritable" else "report.json")
    done = evaluate(process_environment, tmp_path / words[0], *words[1:], "--out", out)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert not Run.objects.exists()


def test_without_an_administrator_it_says_what_to_do(process_environment: Environment, tmp_path: Path) -> None:
    add(tmp_path / "suite", "a", "")
    done = evaluate(process_environment, tmp_path / "suite", *WORDS, "--out", tmp_path / "report.json")
    assert done.returncode == 2
    assert "Run 'make install' once" in done.stderr


@pytest.mark.usefixtures("admin")
def test_the_host_is_used_only_when_asked_and_it_says_so(process_environment: Environment, tmp_path: Path) -> None:
    add(tmp_path / "suite", "a", "", REFUSED)
    words = (tmp_path / "suite", *WORDS, "--out", tmp_path / "report.json")
    assert "without the sandbox's protection" in evaluate(process_environment, *words, "--check-on-host").stderr
    done = evaluate(process_environment, *words)
    assert "without the sandbox's protection" not in done.stderr
    row = json.loads((tmp_path / "report.json").read_text())["tasks"][0]
    assert (done.returncode, row["verdict"], row["check"], row["quality"]) == (1, "failed", "not run", None)
    assert "The offline provider knows" in row["reason"]


@pytest.mark.sandbox
@pytest.mark.usefixtures("admin")
def test_ctrl_c_keeps_what_is_finished(process_environment: Environment, tmp_path: Path) -> None:
    for name, prompt in (("a", REFUSED), ("b", SENTENCE), ("c", SENTENCE)):
        add(tmp_path / "suite", name, "", prompt)
    out = tmp_path / "report.json"
    words = [sys.executable, "manage.py", "evaluate", tmp_path / "suite", "--provider", "scripted", "--out", out]
    slow = {**process_environment, "SCRIPTED_PROVIDER": "tests.slow_offline.SlowOfflineProvider"}
    process = subprocess.Popen(words, cwd=ROOT, env=slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not Run.objects.filter(checkpoints__stage="structure").exists():
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, _err = process.communicate(timeout=240)
    assert process.returncode == 1
    rows = json.loads(out.read_text())["tasks"]
    assert [(row["verdict"], row["check"]) for row in rows] == [
        ("failed", "not run"),
        ("stopped", "not run"),
        ("not run", "not run"),
    ]
    assert rows[2]["run_id"] is None
    assert {rows[2][name] for name in ("calls", "prompt_tokens", "cost_usd", "seconds", "repair_rounds", "tests")} == {
        None
    }
    assert "checks held 0 of 3" in printed
    assert set(Run.objects.values_list("status", flat=True)) == {"failed", "stopped"}


def choices(out: Path, **fields: object) -> Choices:
    known = {"provider": "offline", "jobs": 1, "check": on_host(1), "out": out, "say": lambda _line: None}
    return Choices(**(known | fields))  # type: ignore[arg-type]


@pytest.mark.usefixtures("admin")
def test_the_report_is_written_after_every_task(tmp_path: Path) -> None:
    out, seen = tmp_path / "out" / "report.json", []
    out.parent.mkdir()
    for name in "ab":
        add(tmp_path / "suite", name, "", REFUSED)

    def say(line: str) -> None:
        if line.endswith("starts"):
            seen.append([row["verdict"] for row in json.loads(out.read_text())["tasks"]])

    Evaluation(read_suite(tmp_path / "suite"), choices(out, say=say)).run()
    assert seen == [["not run", "not run"], ["failed", "not run"]]
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.usefixtures("admin")
def test_so_many_runs_go_on_at_once_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcd":
        add(tmp_path / "suite", name, "", REFUSED)
    both = threading.Barrier(2, timeout=240)

    def finish(run: Run, watch: object) -> object:
        both.wait()
        return result_of(run)

    monkeypatch.setattr(running, "finish", finish)
    Evaluation(read_suite(tmp_path / "suite"), choices(tmp_path / "report.json", jobs=2)).run()
    assert not both.broken


def test_a_project_of_the_same_name_is_left_alone(admin: User, tmp_path: Path) -> None:
    add(tmp_path / "suite", "weather", "")
    suite, own = read_suite(tmp_path / "suite"), make_project(admin, name="weather")
    made = evaluating.project_for(admin, suite.tasks[0], suite)
    assert made != own
    assert evaluating.project_for(admin, suite.tasks[0], suite) == made


def test_totals_leave_out_what_is_unknown() -> None:
    rows = (
        TaskReport(
            task="a", verdict="succeeded", check="failed", calls=3, prompt_tokens=10, completion_tokens=5, cost_usd=0.5
        ),
        TaskReport(task="b", verdict="succeeded", check="held", calls=5),
        TaskReport(task="c"),
    )
    report = Report(provider="p", suite="s", started_at="", tasks=rows)
    assert report.totals() == {
        "tasks": 3, "succeeded": 2, "held": 1, "succeeded_but_failed_check": 1, "median_calls": 4, "median_tokens": 15,
        "cost_usd": 0.5,
    }  # fmt: skip
    assert not report.good
    assert Report(provider="p", suite="s", started_at="", tasks=rows[1:2]).good


@pytest.mark.parametrize("name", ["a b", "a;b", "-a", "ü"])
def test_names_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    add(tmp_path, name, "")
    with pytest.raises(SuiteError, match="other signs"):
        read_suite(tmp_path)


OWN = read_suite(ROOT / "evaluation").tasks


@pytest.mark.parametrize("one", OWN, ids=lambda one: one.name)
def test_our_own_tasks_are_well_formed(one: Task) -> None:
    assert len(one.prompt) > 80
    check = next(file for file in one.files if file.path == f"{one.name}/check")
    assert check.mode == MODE_EXECUTABLE
    assert check.text.startswith("#!/usr/bin/env python3\n")
    tree = compile(check.text, one.name, "exec", flags=ast.PyCF_ONLY_AST)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    delivered = {"bencoding", "ratelimiting"}
    assert {name.split(".")[0] for name in names} - {"appcheck"} - delivered <= sys.stdlib_module_names
    assert "appcheck.py" in [file.path for file in one.files]


def test_there_are_twelve_of_them() -> None:
    assert len(OWN) == 12
