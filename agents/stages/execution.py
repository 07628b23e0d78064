"""Last stage: the application is proved, repaired where it fails, measured and judged."""

from __future__ import annotations

from agents import quality
from agents.bench import SandboxBench
from agents.context import RunContext
from agents.criteria import named_in
from agents.execution.proving import Prover
from agents.execution.regressions import compare
from agents.execution.repairing import Attempt, RepairLoop
from agents.execution.verdict import judge
from agents.stages.base import Stage, log, say
from agents.state import RunState
from agents.types import ProjectType, Role, StageName

NAME = StageName.EXECUTION


def run(state: RunState, context: RunContext) -> RunState:
    """Evidence, repairs, quality and the verdict. Raises SandboxUnavailable when no code can run now."""
    toolchain = context.toolchain(state.needed_requirements().language)
    say(context, NAME, f"Starting the sandbox ({context.sandbox.name})")
    browser = state.needed_requirements().project_type is ProjectType.WEB_PAGE
    with context.open_sandbox(toolchain, browser=browser) as session:
        state, best = RepairLoop(context, session, toolchain).run(state)
        if context.base and best.evidence.failed_step != "install":
            say(context, NAME, "Running the earlier tests")
            prover = Prover(context, session, toolchain, best.plan.commands)
            state = state.model_copy(update={"regression": compare(context, prover, best.files)})
        say(context, NAME, "Measuring quality")
        state = state.model_copy(update={"evidence": best.evidence, "criteria_met": _criteria_met(state, best)})
        bench = SandboxBench(session, context.journal.stop_requested)
        report = quality.assess(best.files, state, toolchain, bench)
    verdict = judge(best.evidence, best.plan)
    suggestions = tuple(dict.fromkeys(text for repair in state.repairs for text in repair.suggestions))
    log(context, NAME, verdict.reason)
    return state.model_copy(update={"verdict": verdict, "quality": report, "suggestions": suggestions})


def _criteria_met(state: RunState, best: Attempt) -> dict[str, bool]:
    """The validator's judgement where it read the code; otherwise a criterion is met when tests name it and all pass.

    A criterion that no test names stays unknown, and with a failing test so do all.
    """
    counts = best.evidence.tests
    if state.criteria_met or counts is None or counts.failed or not counts.passed:
        return state.criteria_met
    paths = {file.path for file in best.plan.of_kind("test")}
    named = named_in(state.needed_requirements().criteria, [file for file in best.files if file.path in paths])
    return {key: True for key, tests in named.items() if tests}


STAGE = Stage(NAME, Role.EXECUTOR, run)
