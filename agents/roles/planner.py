"""The planner: every file with its interface, and how to install, start and test it."""

from __future__ import annotations

from agents.asking import ask
from agents.context import RunContext
from agents.errors import ReplyError
from agents.plan import Plan
from agents.plan_check import plan_problem, server_problem
from agents.roles.facts import Asker, question_for
from agents.state import RunState
from agents.strict_json import read_model
from agents.types import ProjectType, Purpose, Role, StageName

ASKER = Asker(StageName.STRUCTURE, Role.PLANNER, Purpose.PLAN, json_schema=Plan.model_json_schema())


def plan(context: RunContext, state: RunState) -> Plan:
    """A plan that passed every check of ``plan_check``."""
    more = {"problem": state.draft_problem}
    question = question_for(context, state, ASKER, more=more)
    return ask(context, question, lambda text: _read(text, state.needed_requirements().project_type)).value


def _read(text: str, kind: ProjectType) -> Plan:
    found = read_model(text, Plan)
    problem = plan_problem(found) or server_problem(kind, found)
    if problem:
        raise ReplyError(problem)
    return found
