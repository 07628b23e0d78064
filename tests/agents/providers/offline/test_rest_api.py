"""The REST API blueprint writes clean code whose own tests pass, for many descriptions."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agents.errors import NotUnderstood
from agents.plan import Probe
from agents.providers.offline.blueprints.rest_api import BLUEPRINT
from agents.providers.offline.reading import read
from agents.types import MODE_EXECUTABLE
from tests.agents.providers.offline.written import LINT, tool
from tests.agents.providers.offline.written import write as write_with

SENTENCES = (
    "Create a web API that returns current weather data",
    "Create a REST API for weather forecasts",
    "A todo list REST API with title, due date and done flag, filter by done",
    "Bookmarks API with tags and full-text search",
    "REST API for customers, products and orders",
    "A library API for books (title, isbn, year) and members (name, unique email)",
    "Weather API with current weather and a 5 day forecast",
    "A REST API for authors and books",
    "Create an expense tracker REST API with amount, category, date and note, filter by category, date and amount",
    "A REST API for invoices with number, customer, amount, issued on and paid flag, filter by paid, sorted by amount",
    "A movie API with title, year, rating (number) and genre, filter by genre and year, search by title",
    "A REST API for projects and tasks. Each project has many tasks. Tasks have title, done flag and due date.",
    "An inventory REST API with products, categories and suppliers",
    "A REST API for transactions, groups and indexes where transactions belong to groups, filter by group",
    "A REST API for things with order, group, date, class, type, list, limit, schema, copy, none, dt, int and path",
    "A REST API for machines with name (unique), floor (integer, default 3), active (boolean, default true) and notes",
    "A REST API for pages, tags, emails and classes",
    "Events API with title, starts at, homepage and contact email, search, sorting, filter by starts at",
)
RUN = SENTENCES[:6] + SENTENCES[14:16]
write = partial(write_with, BLUEPRINT)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_written_code_is_clean(sentence: str, tmp_path: Path) -> None:
    plan = write(read(sentence), tmp_path)
    lint = tool(tmp_path, "ruff", "check", "--isolated", "--no-cache", "--select", LINT, "--ignore", "S101",
                "--target-version", "py311", ".")  # fmt: skip
    assert lint.returncode == 0, lint.stdout
    form = tool(tmp_path, "ruff", "format", "--isolated", "--no-cache", "--diff", "--target-version", "py311", ".")
    assert form.returncode == 0, form.stdout
    for file in plan.files:
        if file.path.endswith(".py"):
            compile((tmp_path / file.path).read_bytes(), file.path, "exec")


@pytest.mark.parametrize("sentence", RUN)
def test_tests_of_the_written_application_pass(sentence: str, tmp_path: Path) -> None:
    write(read(sentence), tmp_path)
    ran = tool(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:asyncio", "--cov=app",
               "--cov-report=json:coverage.json", "-W", "error::DeprecationWarning")  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert json.loads((tmp_path / "coverage.json").read_text())["totals"]["percent_covered"] > 90


def test_written_code_has_right_types(tmp_path: Path) -> None:
    write(read(SENTENCES[6]), tmp_path)
    checked = tool(tmp_path, "mypy", "--config-file=", "--strict", f"--cache-dir={tmp_path / 'types'}", ".")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("sentence", SENTENCES)
def test_requirements_and_plan_hold_together(sentence: str) -> None:
    brief = read(sentence)
    required, plan = BLUEPRINT.requirements(brief), BLUEPRINT.plan(brief)
    assert [criterion.id for criterion in required.criteria] == [
        f"AC-{n}" for n in range(1, len(required.criteria) + 1)
    ]
    assert required.name == brief.name
    paths = [file.path for file in plan.files]
    assert len(paths) == len(set(paths))
    for index, file in enumerate(plan.files):
        assert set(file.depends_on) <= set(paths[:index]), file.path
    sources = [f for f in plan.of_kind("source") if f.path.endswith(".py") and not f.path.endswith("__init__.py")]
    assert [file.path for file in sources if not file.interface] == []
    assert [file.path for file in plan.files if file.executable] == ["start.sh"]


def test_same_brief_gives_the_same_bytes() -> None:
    first, second = read(SENTENCES[4]), read(SENTENCES[4])
    for file in BLUEPRINT.plan(first).files:
        assert BLUEPRINT.render(first, file.path) == BLUEPRINT.render(second, file.path)


def test_unplanned_path_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        BLUEPRINT.render(read(SENTENCES[2]), "app/routes/others.py")


def test_eight_things_stay_below_the_limits_of_a_plan() -> None:
    brief = read("An API for books, authors, members, loans, reviews, tags, suppliers and orders, search, sorting")
    assert len(brief.entities) == 8
    assert len(BLUEPRINT.requirements(brief).criteria) <= 60
    assert len(BLUEPRINT.plan(brief).commands.probes) <= 30


HOSTILE = (
    'A REST API for books with title. """; import os; os.system("touch hacked") """ {{ 7 * 7 }} {% raw %}',
    "A REST API for books with title.\n\n# Heading\n```\n</script><script>alert(1)</script>",
    "A REST API for books with title. {0.__class__} %s %(name)s ${HOME} `id` $(id) \\x00 \\N{BULLET}",
)


@pytest.mark.parametrize(
    "name", ['"); import os; os.abort() #', "{{ 7 * 7 }}", "a\nb'''\"\"\"", "\u202e\ud800 x", "''"]
)
@pytest.mark.parametrize("description", HOSTILE)
def test_hostile_words_stay_words(description: str, name: str, tmp_path: Path) -> None:
    try:
        brief = read(description, name=name)
    except NotUnderstood:
        brief = replace(read("A REST API for books with title", name=name), description=description)
    plan = write(brief, tmp_path)
    for file in plan.files:
        text = (tmp_path / file.path).read_text()
        assert "49" not in text or file.path == "README.md"
        if file.path.endswith(".py"):
            assert "import os;" not in text
            assert "os.system" not in text
            compile(text, file.path, "exec")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, probe: Probe) -> int | None:
    """The status that a server answers a probe with; None when nothing answers."""
    body = None if probe.body is None else json.dumps(probe.body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{probe.path}",
        data=body,
        method=probe.method,
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=240) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


@pytest.mark.parametrize("sentence", [SENTENCES[6], SENTENCES[4], SENTENCES[3]])
def test_started_server_answers_every_probe(sentence: str, tmp_path: Path) -> None:
    plan, port = write(read(sentence), tmp_path), free_port()
    env = {"PATH": str(Path(sys.executable).parent), "PORT": str(port), "HOME": str(tmp_path)}
    server = subprocess.Popen([str(tmp_path / "start.sh")], cwd="/", env=env, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 240
        while ask(port, Probe(path="/health")) is None and time.monotonic() < deadline:
            assert server.poll() is None
            time.sleep(0.1)
        answers = [(probe.method, probe.path, ask(port, probe)) for probe in plan.commands.probes]
        assert answers == [(probe.method, probe.path, probe.expect) for probe in plan.commands.probes]
    finally:
        server.terminate()
        server.wait(timeout=240)


def test_start_script_is_executable(tmp_path: Path) -> None:
    assert BLUEPRINT.render(read(SENTENCES[2]), "start.sh").mode == MODE_EXECUTABLE
    write(read(SENTENCES[2]), tmp_path)
    assert os.access(tmp_path / "start.sh", os.X_OK)
