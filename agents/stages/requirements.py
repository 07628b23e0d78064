"""First stage: what the application must be."""

from __future__ import annotations

from agents.context import RunContext
from agents.events import FileWritten
from agents.languages.choice import language_named
from agents.memory.base import MemoryKind
from agents.roles import change_planner, orchestrator, vision
from agents.stages.base import Stage, log, say
from agents.stages.recalling import recall
from agents.state import RunState
from agents.types import Role, StageName

NAME = StageName.REQUIREMENTS


def run(state: RunState, context: RunContext) -> RunState:
    """Requirements with numbered criteria; images are looked at first, similar applications recalled."""
    if state.change and state.plan is not None and context.uses_ai:
        return _change(state, context)
    state = _with_language(state, context)
    images = ""
    if state.images:
        say(context, NAME, f"Looking at {len(state.images)} image(s)")
        images = vision.describe(context, state)
        log(context, NAME, images)
    say(context, NAME, "Recalling similar applications")
    state = recall(context, state, state.prompt, NAME, MemoryKind.APPLICATION, NAME)
    say(context, NAME, "Reading the description")
    understood = orchestrator.understand(context, state, images)
    found = understood.requirements
    log(context, NAME, f"{found.name}: {found.project_type.replace('_', ' ')} in {found.language}. {found.summary}")
    for assumption in found.assumptions:
        log(context, NAME, f"Assumed: {assumption}")
    questions = understood.questions if state.asks and not state.answered else ()
    for question in questions:
        log(context, NAME, f"Question: {question}")
    return state.model_copy(
        update={
            "requirements": found,
            "name": found.name,
            "language": found.language,
            "questions": questions,
            "draft": understood.draft,
            "draft_problem": understood.problem,
        }
    )


def _with_language(state: RunState, context: RunContext) -> RunState:
    """The state with the language that the description plainly names; a choice in the form stays."""
    named = "" if state.language or not context.uses_ai else language_named(state.prompt, context.toolchains)
    if not named:
        return state
    log(context, NAME, f"The description asks for {context.toolchain(named).name}.")
    return state.model_copy(update={"language": named})


def _change(state: RunState, context: RunContext) -> RunState:
    """What a follow-up changes in the application that is there."""
    say(context, NAME, "Reading what is to change")
    found = change_planner.plan_change(context, state)
    log(context, NAME, f"Changes {', '.join(found.touched)}")
    for path in found.removed:
        context.workspace.remove(path)
        context.journal.record(FileWritten(stage=NAME, path=path, size=0, change="removed"))
    return state.model_copy(
        update={"requirements": found.requirements, "draft": found.plan, "touched": found.touched, "criteria_met": {}}
    )


STAGE = Stage(NAME, Role.ORCHESTRATOR, run)
