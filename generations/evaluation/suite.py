"""A suite on the disk: a folder of tasks, each with a prompt and a check."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from agents.errors import AgentError, WorkspaceError
from agents.paths import safe_relpath
from agents.types import MODE_EXECUTABLE, MODE_FILE, SourceFile

PROMPT, CHECK = "task.md", "check"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class SuiteError(AgentError):
    """A folder that is no suite; the message names what is wrong where."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task: its name, what is asked for, and the files that stand beside its check, by their path in the suite."""

    name: str
    prompt: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The tasks of a folder by name; ``folder`` is as it was given."""

    folder: Path
    tasks: tuple[Task, ...]


def read_suite(folder: Path, limit: int | None = None) -> Suite:
    """The first tasks of a folder. Raises SuiteError naming every folder that is no task, whatever the limit."""
    if not folder.is_dir():
        raise SuiteError(f"There is no folder {folder}.")
    entries = sorted(entry for entry in folder.iterdir() if entry.name[0] not in "._")
    folders = [entry for entry in entries if entry.is_dir()]
    if not folders:
        raise SuiteError(f"{folder} holds no task; a task is a folder with {PROMPT} and an executable {CHECK}.")
    problems = [f"{entry.name} {problem}" for entry in folders if (problem := _problem(entry))]
    if problems:
        raise SuiteError(f"A task is a folder with {PROMPT} and an executable {CHECK}: {'; '.join(problems)}.")
    shared = tuple(_file(folder, entry) for entry in entries if entry.is_file())
    return Suite(folder, tuple(_task(folder, entry, shared) for entry in folders[:limit]))


def _problem(folder: Path) -> str:
    """What keeps a folder from being a task, as a part of a sentence; '' for nothing."""
    prompt, check = folder / PROMPT, folder / CHECK
    if not _NAME.fullmatch(folder.name):
        return "has a name with other signs than letters, digits, points and dashes"
    missing = [path.name for path in (prompt, check) if not path.is_file()]
    if missing:
        return f"has no {' and no '.join(missing)}"
    if not prompt.read_bytes().strip():
        return f"has an empty {PROMPT}"
    return "" if os.access(check, os.X_OK) else f"has a {CHECK} that is not executable"


def _task(suite: Path, folder: Path, shared: tuple[SourceFile, ...]) -> Task:
    own = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    prompt = (folder / PROMPT).read_bytes().decode("utf-8", errors="replace").strip()
    return Task(folder.name, prompt, (*shared, *(_file(suite, path) for path in own)))


def _file(suite: Path, path: Path) -> SourceFile:
    mode = MODE_EXECUTABLE if os.access(path, os.X_OK) else MODE_FILE
    try:
        return SourceFile(safe_relpath(path.relative_to(suite).as_posix()), path.read_bytes(), mode)
    except (WorkspaceError, OSError) as error:
        raise SuiteError(f"{path} cannot be taken along: {error}") from error
