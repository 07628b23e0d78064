"""The words of a bare checkout: install, run, test, lint, format, demo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from autocoder_site.setup import ROOT, Problem, machine
from autocoder_site.setup.environment import PYTHON, check_folder, ensure_env_file, ensure_environment
from autocoder_site.setup.prepared import is_prepared, note_prepared
from autocoder_site.setup.supervisor import check_port, supervise
from autocoder_site.setup.testing import run_all

DEMO = "Create a simple CLI tool that processes CSV files"


def install(arguments: list[str]) -> int:
    """Everything but the start: environment, secrets, database, first administrator, sandbox."""
    _set_up()
    return _prepare(*arguments)


def run(arguments: list[str]) -> int:
    """Set up what is missing, then web, worker, reaper and vector store until Ctrl-C."""
    if arguments:
        raise Problem("'run' takes no arguments. Set PORT or HOST in the environment or in .env instead.")
    check_port()
    _set_up()
    if is_prepared():
        return supervise(afterwards=_prepare)
    return _prepare() or supervise()


def test(arguments: list[str]) -> int:
    """Install what the tests need, then run them all, files side by side; or what the arguments tell pytest."""
    _set_up(development=True)
    machine.ensure_test_programs()
    if machine.docker_answers() and _manage("build_images"):
        return 1
    return _call(str(PYTHON), "-m", "pytest", *arguments) if arguments else run_all()


def lint(arguments: list[str]) -> int:
    """Ruff, its formatter's check, and mypy on the engine."""
    _set_up(development=True)
    ruff = str(PYTHON.with_name("ruff"))
    steps = ((ruff, "check", "."), (ruff, "format", "--check", "."), (str(PYTHON.with_name("mypy")), "agents"))
    return max(_call(*step, *arguments) for step in steps)


def format_code(arguments: list[str]) -> int:
    """Sort imports and format the project's own code."""
    _set_up(development=True)
    ruff = str(PYTHON.with_name("ruff"))
    return max(_call(ruff, "check", "--fix", "--quiet", "."), _call(ruff, "format", *arguments, "."))


def demo(arguments: list[str]) -> int:
    """One generation on the command line with the offline provider."""
    if install([]):
        return 1
    return _call(str(PYTHON), "autonomous_coder.py", DEMO, "--provider", "offline", *arguments)


WORDS: dict[str, Callable[[list[str]], int]] = {
    "install": install,
    "run": run,
    "test": test,
    "lint": lint,
    "format": format_code,
    "demo": demo,
}


def main(word: str, arguments: list[str]) -> int:
    """Do one word; gives the exit code. A problem is told in one sentence."""
    try:
        return WORDS[word](arguments)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _set_up(*, development: bool = False) -> None:
    check_folder()
    ensure_environment(development=development)
    ensure_env_file()


def _prepare(*arguments: str) -> int:
    """Database, first administrator, sandbox."""
    machine.ensure_sandbox()
    code = _manage("prepare", *arguments)
    if code == 0:
        note_prepared()
    return code


def _manage(*words: str) -> int:
    return _call(str(PYTHON), "manage.py", *words)


def _call(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, check=False, env=dict(os.environ)).returncode
