"""Vision: says what the images show that came with a description."""

from __future__ import annotations

from dataclasses import replace

from agents.asking import ask
from agents.context import RunContext
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.types import Purpose, Role, StageName

MAX_CHARACTERS = 20_000


def describe(context: RunContext, state: RunState) -> str:
    """Plain sentences about the images of the state (data URLs), for the orchestrator's prompt."""
    question = question_for(context, state, Asker(StageName.REQUIREMENTS, Role.VISION, Purpose.IMAGE))
    question = replace(question, images=state.images)
    return ask(context, question, lambda text: text.strip()[:MAX_CHARACTERS]).value
