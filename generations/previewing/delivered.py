"""What of a run can be opened or tried: the newest version that it delivered, and how that is started."""

from __future__ import annotations

import shlex

from agents import languages
from agents.errors import AgentError
from agents.execution.checking import Application
from agents.plan import Commands
from agents.state import RunState
from agents.types import ProjectType, StageName
from generations.checkpoints import restore
from generations.errors import LaunchError
from generations.models import Checkpoint, Run
from generations.soundness import Found, newest_sound

TRIED = (ProjectType.CLI_TOOL, ProjectType.DATA_PROCESSOR)
# What a start command says only so that it ends by itself.
HARMLESS = ("--help", "-h", "--version")
GONE = "This version is damaged or gone; look at the run's checkpoints."


def can_be_opened(state: RunState | None) -> bool:
    """Whether it is a server that a browser can be pointed at."""
    return state is not None and _judged(state) and state.needed_plan().commands.port is not None


def can_be_tried(state: RunState | None) -> bool:
    """Whether it is a command that can be given arguments."""
    if state is None or not _judged(state) or state.needed_requirements().project_type not in TRIED:
        return False
    commands = state.needed_plan().commands
    return commands.port is None and bool(commands.start)


def delivered_by(run: Run) -> Found:
    """The newest whole version of a run at rest. Raises LaunchError."""
    found = newest_sound(run)[0] if run.at_rest else None
    if found is None or found.checkpoint.stage != StageName.EXECUTION:
        raise LaunchError("This run has not delivered an application that could be started.")
    return found


def application_of(checkpoint: Checkpoint) -> Application:
    """Files, commands and language of a version. Raises AgentError."""
    restored = restore(checkpoint)
    if restored is None:
        raise AgentError(GONE)
    state, files = restored
    toolchain = languages.TOOLCHAINS.get(state.needed_requirements().language)
    if toolchain is None:
        raise AgentError(f"There is no '{state.needed_requirements().language}' here any more.")
    return Application(files, state.needed_plan().commands, toolchain)


def program_of(commands: Commands) -> str:
    """The start command without what makes it end by itself: arguments go behind it."""
    words = commands.start.split(" ")
    while len(words) > 1 and words[-1] in HARMLESS:
        words.pop()
    return " ".join(words)


def examples_of(commands: Commands) -> list[str]:
    """The arguments of the plan's examples, for the form."""
    program = f"{program_of(commands)} "
    return [line.removeprefix(program) for line in commands.examples if line.startswith(program) and _splits(line)][:5]


def _splits(line: str) -> bool:
    """Whether it means the same without a shell."""
    try:
        return not any(character in word for word in shlex.split(line) for character in "|&;<>$`*")
    except ValueError:
        return False


def _judged(state: RunState) -> bool:
    return state.verdict is not None and state.plan is not None and state.requirements is not None
