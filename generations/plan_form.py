"""Reads a plan back from the page on which a person edits it before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from agents.plan import Commands, Criterion, Plan, PlannedFile
from agents.state import RunState
from generations.errors import LaunchError
from generations.talking import EditedPlan
from generations.text import clean_text

NEW = "new"


def read_plan(posted: Mapping[str, str], state: RunState) -> EditedPlan:
    """The criteria, files and commands as they were sent; what is not on the page stays as it was.

    Files are numbered as in the state's plan: ``path-0``, ``interface-0``, ``remove-0`` …, and 'new' is one more.
    Raises LaunchError with what is wrong.
    """
    needs, plan = state.needed_requirements(), state.needed_plan()
    try:
        requirements = needs.model_copy(update={"criteria": _criteria(posted.get("criteria", ""))})
        type(needs).model_validate(requirements.model_dump())
        return EditedPlan(
            requirements=requirements, plan=Plan(files=_files(posted, plan), commands=_commands(posted, plan.commands))
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LaunchError(f"The plan cannot be carried out so: {place}: {first['msg']}.", "plan") from error


def _criteria(text: str) -> tuple[Criterion, ...]:
    """One a line, 'AC-1: words'; a line without a number gets the next free one."""
    lines = [line.strip() for line in clean_text(text).splitlines() if line.strip()]
    known: dict[str, str] = {}
    bare = []
    for line in lines:
        number, mark, words = line.partition(":")
        if mark and number.strip().upper().startswith("AC-"):
            key = number.strip().upper()
            if key in known:
                raise LaunchError(f"Two criteria have the number {key}.", "plan")
            known[key] = words.strip()
        else:
            bare.append(line)
    for line in bare:
        number = next(n for n in range(1, 1000) if f"AC-{n}" not in known)
        known[f"AC-{number}"] = line
    return tuple(Criterion(id=key, text=words) for key, words in known.items())


def _files(posted: Mapping[str, str], plan: Plan) -> tuple[PlannedFile, ...]:
    kept = {str(n): file for n, file in enumerate(plan.files) if not posted.get(f"remove-{n}")}
    gone = {file.path for n, file in enumerate(plan.files) if posted.get(f"remove-{n}")}
    renamed = {file.path: clean_text(posted.get(f"path-{key}", file.path)).strip() for key, file in kept.items()}
    files = [_file(posted, key, file, renamed, gone) for key, file in kept.items()]
    path = clean_text(posted.get(f"path-{NEW}", "")).strip()
    if path:
        fresh = {name: clean_text(posted.get(f"{name}-{NEW}", "")).strip() for name in ("kind", "purpose", "interface")}
        files.append(PlannedFile.model_validate({"path": path, **fresh}))
    return tuple(files)


def _file(
    posted: Mapping[str, str], key: str, file: PlannedFile, renamed: dict[str, str], gone: set[str]
) -> PlannedFile:
    needs = tuple(renamed.get(path, path) for path in file.depends_on if path not in gone)
    changed = {
        name: clean_text(posted.get(f"{name}-{key}", getattr(file, name))).strip() for name in ("purpose", "interface")
    }
    return PlannedFile.model_validate({**file.model_dump(), **changed, "path": renamed[file.path], "depends_on": needs})


def _commands(posted: Mapping[str, str], commands: Commands) -> Commands:
    changed = {
        name: clean_text(posted.get(name, getattr(commands, name))).strip() for name in ("install", "start", "test")
    }
    return Commands.model_validate({**commands.model_dump(), **changed})
