"""Suites and applications that tests of evaluations need."""

from __future__ import annotations

from pathlib import Path

from agents.execution.checking import Application
from agents.languages import TOOLCHAINS
from agents.plan import Commands
from agents.types import SourceFile
from generations.evaluation.suite import Task, read_suite

SENTENCE = "Create a simple CLI tool that processes CSV files"


def add(suite: Path, name: str, check: str, prompt: str = SENTENCE) -> Path:
    """A task of a suite; the check is a Python program."""
    folder = suite / name
    folder.mkdir(parents=True)
    (folder / "task.md").write_text(prompt)
    (folder / "check").write_text(f"#!/usr/bin/env python3\n{check}\n")
    (folder / "check").chmod(0o755)
    return folder


def application(*files: SourceFile, install: str = "") -> Application:
    """What a run may have delivered."""
    commands = Commands(install=install, start="python main.py", test="python -m pytest", port=8123)
    return Application(files, commands, TOOLCHAINS["python"])


def task(tmp_path: Path, check: str, **helpers: str) -> Task:
    """The only task of a suite, with modules beside it."""
    add(tmp_path / "suite", "one", check)
    for name, text in helpers.items():
        (tmp_path / "suite" / f"{name}.py").write_text(text)
    return read_suite(tmp_path / "suite").tasks[0]
