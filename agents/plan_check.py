"""Whether a plan can be carried out."""

from __future__ import annotations

from agents.errors import WorkspaceError
from agents.plan import Plan, PlannedFile
from agents.types import ProjectType, SourceFile
from agents.workspace import Workspace, safe_relpath

MAX_COMMAND = 1_000


def plan_problem(plan: Plan) -> str:
    """'' for a plan that can be carried out, otherwise a sentence that says what is wrong with it."""
    return _paths_problem(plan) or _dependencies_problem(plan) or _commands_problem(plan)


def server_problem(kind: ProjectType, plan: Plan) -> str:
    """'' unless an application that answers over HTTP could not be proved by requests."""
    if kind in (ProjectType.REST_API, ProjectType.WEB_PAGE) and not (plan.commands.port and plan.commands.probes):
        return f"A {kind.replace('_', ' ')} needs a port and at least one probe."
    return ""


def levels(files: tuple[PlannedFile, ...]) -> list[list[PlannedFile]]:
    """The files in groups: each group needs only files of earlier groups. Raises ValueError that names a cycle."""
    waiting = {file.path: file for file in files}
    groups: list[list[PlannedFile]] = []
    while waiting:
        ready = [file for file in waiting.values() if not set(file.depends_on) & waiting.keys()]
        if not ready:
            raise ValueError(_cycle(waiting))
        groups.append(ready)
        for file in ready:
            del waiting[file.path]
    return groups


def _cycle(waiting: dict[str, PlannedFile]) -> str:
    """One circle among files of which each waits for another."""
    way = [min(waiting)]
    while way.count(way[-1]) == 1:
        way.append(min(path for path in waiting[way[-1]].depends_on if path in waiting))
    return " → ".join(way[way.index(way[-1]) :])


def _paths_problem(plan: Plan) -> str:
    workspace = Workspace()
    seen: set[str] = set()
    for file in plan.files:
        if file.path in seen:
            return f"{file.path} is planned twice."
        seen.add(file.path)
        try:
            if safe_relpath(file.path) != file.path:
                return f"The path {file.path!r} is not in its normal form."
            workspace.write(SourceFile(file.path, b""))
        except WorkspaceError as error:
            return str(error)
    for kind in ("source", "test"):
        if not any(file.kind == kind for file in plan.files):
            return f"The plan has no file of the kind '{kind}'."
    return ""


def _dependencies_problem(plan: Plan) -> str:
    known = {file.path for file in plan.files}
    for file in plan.files:
        unknown = sorted(set(file.depends_on) - known)
        if unknown:
            return f"{file.path} depends on {', '.join(unknown)}, which the plan does not hold."
        if file.path in file.depends_on:
            return f"{file.path} depends on itself."
    try:
        levels(plan.files)
    except ValueError as error:
        return f"These files depend on each other in a circle: {error}. Move what they share into one file."
    return ""


def _commands_problem(plan: Plan) -> str:
    commands = plan.commands
    if commands.port is None and commands.probes:
        return "The plan has probes but no port."
    if commands.port is not None and not commands.start.strip():
        return "The plan has a port but no start command."
    if not commands.test.strip():
        return "The plan has no test command."
    lines = (commands.install, commands.start, commands.test, *commands.examples)
    if any("\x00" in line or line.splitlines() not in ([], [line]) or len(line) > MAX_COMMAND for line in lines):
        return "A command is longer than one line."
    for probe in commands.probes:
        if any(not "!" <= character <= "~" for character in probe.path):
            return f"The probe {probe.path[:80]!r} holds what no URL holds; write such characters as %20."
    return ""
