"""The repair loop: mend what failed, prove again, keep the better, end when the same failure comes twice."""

from __future__ import annotations

from dataclasses import dataclass

from agents.bench import SandboxBench
from agents.condense import condense
from agents.context import RunContext
from agents.errors import DependencyError, ProviderError, ReplyError
from agents.events import RepairRound
from agents.evidence import Evidence, RepairAttempt
from agents.execution.diagnosis import diagnose, most_telling
from agents.execution.proving import Prover
from agents.execution.verdict import rank
from agents.languages.base import Fetched, Toolchain
from agents.memory.base import MemoryKind
from agents.plan import Plan
from agents.roles import debugger
from agents.sandboxes.base import SandboxSession
from agents.stages.base import log, say
from agents.stages.changing import take_changes
from agents.stages.dependencies import manifest_of
from agents.stages.recalling import recall
from agents.state import RunState
from agents.types import Level, ProjectType, SourceFile, StageName

STAGE = StageName.EXECUTION


@dataclass(frozen=True)
class Attempt:
    """One tree of files with its plan, and what proving it showed."""

    files: tuple[SourceFile, ...]
    plan: Plan
    evidence: Evidence


class RepairLoop:
    """At most ``limits.repair_rounds`` rounds on one session."""

    def __init__(self, context: RunContext, session: SandboxSession, toolchain: Toolchain) -> None:
        self._context, self._session, self._toolchain = context, session, toolchain
        self._bench = SandboxBench(session, context.journal.stop_requested)

    def attempt(self, state: RunState) -> Attempt:
        """Prove the workspace as it is. A manifest that cannot be fetched is a failed install."""
        files, plan = self._context.workspace.files(), state.needed_plan()
        is_page = state.needed_requirements().project_type is ProjectType.WEB_PAGE
        prover = Prover(self._context, self._session, self._toolchain, plan.commands, is_page=is_page)
        try:
            fetched = self._fetch()
        except DependencyError as error:
            return Attempt(files, plan, prover.prove_nothing(files, str(error)))
        return Attempt(files, plan, prover.prove(files, fetched))

    def run(self, state: RunState) -> tuple[RunState, Attempt]:
        """The state with its ledger, and the best attempt, whose files are in the workspace at the end."""
        say(self._context, STAGE, "Installing, starting and testing a clean copy")
        best = self.attempt(state)
        seen = {best.evidence.signature}
        for number in range(1, self._context.limits.repair_rounds + 1):
            if best.evidence.failed_step is None:
                break
            say(self._context, STAGE, f"Repair round {number}: the {best.evidence.failed_step} step failed")
            state, fresh = self._round(state, best, number)
            if fresh is None:
                break
            again = fresh.evidence.signature in seen
            seen.add(fresh.evidence.signature)
            kept = rank(fresh.evidence) >= rank(best.evidence) and not again
            state = self._settled(state, fresh, kept=kept)
            if kept:
                best = fresh
            else:
                state = self._roll_back(state, best)
            if again:
                log(self._context, STAGE, "The same failure came again, so repairing ends here.", Level.WARNING)
                break
        return state, best

    def _fetch(self) -> Fetched:
        lines = (*manifest_of(self._context, self._toolchain), *self._toolchain.test_requirements)
        stop = self._context.journal.stop_requested
        return self._toolchain.fetch(lines, self._context.package_cache, stop=stop)

    def _round(self, state: RunState, best: Attempt, number: int) -> tuple[RunState, Attempt | None]:
        """Ask for a repair, apply it, prove again; None when nothing usable came."""
        evidence = best.evidence
        found = diagnose(evidence, best.plan)
        condensed = condense(evidence.failed_step or "", evidence.failure)
        state = recall(self._context, state, condensed, STAGE, MemoryKind.SOLVED_ERROR, "repair")
        row = RepairAttempt(
            number=number,
            step=evidence.failed_step or "test",
            signature=evidence.signature,
            cause=found.cause or "",
            passed_before=evidence.tests.passed if evidence.tests else None,
        )
        last = number == self._context.limits.repair_rounds
        failure = debugger.Failure(condensed, found.finding, found.mender, STAGE, last_chance=last)
        try:
            repair = debugger.repair(self._context, state, failure, most_telling(best.files, condensed))
        except (ReplyError, ProviderError) as error:
            return self._ended(state, row, f"No usable repair came: {error}"), None
        words = repair.words
        row = row.model_copy(
            update={
                "cause": words.cause or row.cause,
                "files": tuple(file.path for file in repair.changed),
                "explanation": words.explanation,
                "suggestions": words.suggestions,
                "tokens": repair.tokens,
            }
        )
        if not repair.changed and words.commands is None:
            return self._ended(state, row, words.explanation), None
        state = self._with_commands(state, words.commands)
        state = state.model_copy(update={"repairs": (*state.repairs, row)})
        take_changes(self._context, state, self._bench, STAGE, repair.changed)
        return state, self.attempt(state)

    def _with_commands(self, state: RunState, changed: debugger.ChangedCommands | None) -> RunState:
        if changed is None:
            return state
        plan, values = state.needed_plan(), changed.model_dump(exclude_none=True)
        for name, value in values.items():
            log(self._context, STAGE, f"The plan's {name} is now: {value}")
        commands = plan.commands.model_copy(update=values)
        return state.model_copy(update={"plan": plan.model_copy(update={"commands": commands})})

    def _settled(self, state: RunState, fresh: Attempt, *, kept: bool) -> RunState:
        """The ledger's last row with what the new proof showed."""
        passed = fresh.evidence.tests.passed if fresh.evidence.tests else None
        row = state.repairs[-1].model_copy(update={"kept": kept, "passed_after": passed})
        self._record(row)
        return state.model_copy(update={"repairs": (*state.repairs[:-1], row)})

    def _ended(self, state: RunState, row: RepairAttempt, explanation: str) -> RunState:
        row = row.model_copy(update={"explanation": explanation})
        self._record(row)
        return state.model_copy(update={"repairs": (*state.repairs, row)})

    def _record(self, row: RepairAttempt) -> None:
        event = RepairRound(
            number=row.number, step=row.step, signature=row.signature, kept=row.kept, explanation=row.explanation
        )
        self._context.journal.record(event)

    def _roll_back(self, state: RunState, best: Attempt) -> RunState:
        self._context.workspace.restore(best.files)
        log(self._context, STAGE, "The repair did not make it better and was rolled back.", Level.WARNING)
        return state.model_copy(update={"plan": best.plan})
