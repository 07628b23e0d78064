"""The command line and the Python interface, from a sentence to files on the disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generations.models import Run, RunStatus
from tests.factories import make_user

ROOT = Path(__file__).resolve().parent.parent
SENTENCE = "Create a simple CLI tool that processes CSV files"
SHAPE = {
    "success", "status", "run_id", "name", "language", "provider", "output", "generated_files", "dependencies",
    "commands", "test_results", "quality_metrics", "checkpoints", "usage", "issues", "suggestions", "confidence",
}  # fmt: skip
Environment = dict[str, str]


@pytest.fixture
def environment(process_environment: Environment) -> Environment:
    """A database with an administrator, as 'make install' leaves it."""
    make_user("admin", is_superuser=True, is_staff=True)
    return process_environment


def call(environment: Environment, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "autonomous_coder.py", *words],
        cwd=ROOT,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.sandbox
@pytest.mark.parametrize("sandbox", ["docker", "bubblewrap"])
def test_a_sentence_becomes_a_tested_application(environment: Environment, tmp_path: Path, sandbox: str) -> None:
    environment["SANDBOX"] = sandbox
    folder = tmp_path / "app"
    done = call(environment, SENTENCE, "--name", "CSVProcessor", "--output", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result) >= SHAPE
    assert (result["success"], result["status"], result["name"]) == (True, "succeeded", "CSVProcessor")
    assert result["test_results"]["passed"] > 10
    assert result["test_results"]["failed"] == 0
    assert 0.9 < result["quality_metrics"]["overall"] <= 1
    assert [one["stage"] for one in result["checkpoints"]][-1] == "execution"
    assert len(result["checkpoints"]) == 8
    assert "Stage execution finished" in done.stderr
    # What was delivered works where it was written, with the command that the result names.
    assert all((folder / path).is_file() for path in result["generated_files"])
    example = [sys.executable, "-m", "csvprocessor", "stats", "sample.csv"]
    shown = subprocess.run(example, cwd=folder, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("column,type,count")
    run = Run.objects.get(pk=result["run_id"])
    assert run.status == RunStatus.SUCCEEDED
    assert run.project.owner.username == "admin"


def test_what_is_not_understood_ends_with_1_and_says_why(environment: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    done = call(environment, "Write a poem about the sea", "--output", str(folder), "--quiet")
    assert done.returncode == 1
    assert "The offline provider knows these kinds of application" in done.stdout
    assert done.stderr == ""
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "give a description"),
        ((SENTENCE, "--interactive"), "give a description"),
        ((SENTENCE, "--budget", "much"), "no amount of US dollars"),
        ((SENTENCE, "--budget", "-1"), "budget must be more than 0"),
        ((SENTENCE, "--provider", "nobody"), "Choose one of these providers"),
        ((SENTENCE, "--language", "cobol"), "Choose one of these languages"),
        ((SENTENCE, "--image", "missing.png"), "missing.png cannot be read"),
        (("--resume", "not-a-run"), "There is no run not-a-run"),
        ((SENTENCE, "--nonsense"), "unrecognized arguments"),
        ((SENTENCE, "--from", "code"), "goes with --resume"),
        (("--resume", "not-a-run", "--from", "lunch"), "invalid choice"),
        (("--resume", "not-a-run", "--provider", "offline"), "add --from STAGE"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(environment: Environment, words: tuple[str, ...], sentence: str) -> None:
    done = call(environment, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
    assert not Run.objects.exists()


def test_without_an_administrator_it_says_what_to_do(process_environment: Environment) -> None:
    done = call(process_environment, SENTENCE)
    assert done.returncode == 2
    assert "Run 'make install' once" in done.stderr


@pytest.mark.sandbox
def test_ctrl_c_stops_and_resume_goes_on(environment: Environment, tmp_path: Path) -> None:
    slow = {**environment, "SCRIPTED_PROVIDER": "tests.slow_offline.SlowOfflineProvider"}
    words = [sys.executable, "autonomous_coder.py", SENTENCE, "--provider", "scripted", "--output", str(tmp_path / "a")]
    process = subprocess.Popen(words, cwd=ROOT, env=slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not Run.objects.filter(checkpoints__stage="structure").exists():
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 130, err
    assert "stopped" in out
    run = Run.objects.get()
    assert run.status == RunStatus.STOPPED
    done_before = set(run.checkpoints.filter(status="succeeded").values_list("pk", flat=True))
    assert done_before
    again = call(slow, "--resume", str(run.pk), "--json", "--output", str(tmp_path / "b"))
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["run_id"] == str(run.pk)
    assert done_before <= set(run.checkpoints.filter(status="succeeded").values_list("pk", flat=True))
    # What succeeded is left alone: doing its last stage again is a run of its own, with the other seven reused.
    proved = call(slow, "--resume", str(run.pk), "--from", "execution", "--json", "--output", str(tmp_path / "c"))
    assert proved.returncode == 0, proved.stderr
    fork = run.children.get()
    assert json.loads(proved.stdout)["run_id"] == str(fork.pk)
    started = fork.events.filter(kind="stage_started").values_list("payload__stage", flat=True)
    assert list(started) == ["execution"]


@pytest.mark.sandbox
def test_the_prompt_takes_descriptions_and_shows_files(environment: Environment, tmp_path: Path) -> None:
    lines = f"/files\n{SENTENCE}\n/files\n/show requirements.txt\n/show nothing\n/quit\n"
    done = call(environment, "--interactive", "--quiet", "--output", str(tmp_path / "app"), stdin=lines)
    assert done.returncode == 0, done.stderr
    assert "There is no application yet" in done.stdout
    assert "succeeded" in done.stdout
    assert "csv_tool/cli.py" in done.stdout
    assert "pytest==" in done.stdout
    assert "There is no file 'nothing'" in done.stdout


@pytest.mark.sandbox
def test_the_python_interface(environment: Environment, tmp_path: Path) -> None:
    program = f"""
import asyncio, json
from multi_agent_system.autonomous_app_generator import generate_autonomous_application
result = asyncio.run(generate_autonomous_application({SENTENCE!r}, "CSVProcessor", output={str(tmp_path / "app")!r}))
print(json.dumps([result.success, result.generated_files, result.quality_metrics["overall"], result.checkpoints]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    success, files, overall, checkpoints = json.loads(done.stdout)
    assert success is True
    assert "csvprocessor/cli.py" in files
    assert overall > 0.9
    assert len(checkpoints) == 8
    assert (tmp_path / "app" / "README.md").is_file()
