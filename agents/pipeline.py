"""Runs the stages in their order, with a checkpoint after each; a resumed run goes on where it was."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agents.context import RunContext, StageMeasures
from agents.errors import AgentError, LeaseLost, NeedsPerson, Stopped, Waiting
from agents.events import StageFailed, StageFinished, StageStarted
from agents.learning import learn_from
from agents.stages import STAGES
from agents.stages.base import Stage
from agents.state import RunState

AWAITED = {
    "answers": "There are questions before anything is planned: answer them, or go on without.",
    "approval": "The plan waits for your approval: look at it, change it, and let it be carried out.",
}


def run(state: RunState, context: RunContext, stages: tuple[Stage, ...] = STAGES) -> RunState:
    """Run the stages that the state does not list as done; gives the last state.

    Raises Stopped, Waiting (such as SandboxUnavailable), NeedsPerson, LeaseLost, BudgetExceeded, or another AgentError
    that ends the run; for these a failed checkpoint tells the stage and the reason.
    """
    for stage in stages:
        if stage.name in state.done:
            continue
        if state.awaits:
            raise NeedsPerson(AWAITED[state.awaits])
        state = _run_stage(stage, state, context)
    learn_from(state, context)
    return state


def _run_stage(stage: Stage, state: RunState, context: RunContext) -> RunState:
    journal = context.journal
    if journal.stop_requested():
        raise Stopped("Stopped at your request.")
    journal.record(StageStarted(stage=stage.name, role=stage.role))
    meter = _Meter(context)
    try:
        state = stage.run(state, context).with_done(stage.name)
    except (Stopped, Waiting, LeaseLost):
        raise
    except AgentError as error:
        journal.record(StageFailed(stage=stage.name, error=str(error)))
        journal.checkpoint_failed(stage.name, str(error), meter.read(None))
        raise
    measures = meter.read(state)
    journal.checkpoint(stage.name, state, context.workspace.files(), measures)
    finished = StageFinished(
        stage=stage.name, seconds=measures.seconds, tokens=measures.tokens, cost_usd=measures.cost_usd
    )
    journal.record(finished)
    return state


@dataclass
class _Meter:
    """What was spent since the stage began."""

    context: RunContext

    def __post_init__(self) -> None:
        self._started, self._cpu = time.monotonic(), time.process_time()
        self._tokens, self._cost = self.context.budget.tokens, self.context.budget.cost_usd

    def read(self, state: RunState | None) -> StageMeasures:
        """Seconds, CPU seconds of this process and of the stage's sandbox commands, their peak memory, tokens, cost."""
        commands = state.evidence.commands if state is not None and state.evidence is not None else ()
        cpu = time.process_time() - self._cpu + sum(one.cpu_seconds or 0.0 for one in commands)
        peaks = [one.peak_memory_bytes for one in commands if one.peak_memory_bytes is not None]
        return StageMeasures(
            seconds=round(time.monotonic() - self._started, 3),
            cpu_seconds=round(cpu, 3),
            peak_memory_bytes=max(peaks, default=None),
            tokens=self.context.budget.tokens - self._tokens,
            cost_usd=self.context.budget.cost_usd - self._cost,
        )
