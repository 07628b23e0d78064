"""Workers, the reaper and the person act on one run in any order: only legal moves, and a log without gaps."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from agents.context import StageMeasures
from agents.errors import LeaseLost
from agents.events import LogLine
from agents.types import SourceFile, StageName
from generations.endings import end
from generations.errors import LaunchError
from generations.halting import request_pause, request_stop
from generations.invariants import (
    calls_in_flight_have_a_worker,
    checkpoints_are_whole,
    ends_are_whole,
    events_are_numbered_without_gaps,
    only_running_runs_have_a_lease,
    totals_are_the_sums_of_the_ledger,
)
from generations.journal import RunJournal
from generations.launch import RunOrder, resume_run, start_run
from generations.models import Run, RunStatus
from generations.models.run import ENDED, LEGAL_MOVES
from generations.recovery import recover_lost_runs
from tests.factories import MINUTE, make_state, make_user
from tests.generations.test_journal import call

# 3,000 make the long version.
INTERLEAVINGS, STEPS = int(os.environ.get("INTERLEAVINGS", "40")), 14
CHECKS = (
    events_are_numbered_without_gaps, only_running_runs_have_a_lease, ends_are_whole, calls_in_flight_have_a_worker,
    totals_are_the_sums_of_the_ledger, checkpoints_are_whole,
)  # fmt: skip


class Actors:
    """Two workers that never know of each other, the reaper, and the person."""

    def __init__(self, run: Run, source: random.Random) -> None:
        self.run, self._source = run, source
        self._journals: list[RunJournal] = []
        self.acts: list[Callable[[], object]] = [
            self.claim, self.claim, self.checkpoint, self.write, self.ask, self.finish, self.fail, self.wait,
            self.expire, self.recover, self.stop, self.pause, self.resume,
        ]  # fmt: skip

    def claim(self) -> None:
        claimed = Run.objects.claim(self.run.pk, worker="worker", lease=MINUTE)
        if claimed is not None:
            self._journals.append(RunJournal(claimed))

    def checkpoint(self) -> None:
        if journal := self._any():
            stage = self._source.choice(list(StageName))
            if not journal.run.checkpoints.filter(stage=stage, status="succeeded").exists():
                state = make_state(journal.run, stage)
                journal.checkpoint(stage, state, (SourceFile("a.py", b"a = 1\n"),), StageMeasures(seconds=1.0))

    def write(self) -> None:
        if journal := self._any():
            journal.record(LogLine(stage="code", text="working"))

    def ask(self) -> None:
        if journal := self._any():
            journal.record_call(call(outcome=self._source.choice(["in flight", "ok"])))

    def finish(self) -> None:
        self._end(RunStatus.SUCCEEDED)

    def fail(self) -> None:
        self._end(RunStatus.FAILED)

    def wait(self) -> None:
        if journal := self._any():
            end(journal, RunStatus.WAITING, "No sandbox.", wait=MINUTE)

    def expire(self) -> None:
        Run.objects.filter(pk=self.run.pk, status=RunStatus.RUNNING).update(lease_expires_at="2001-01-01T00:00Z")

    def recover(self) -> None:
        Run.objects.filter(pk=self.run.pk, status=RunStatus.WAITING).update(not_before="2001-01-01T00:00Z")
        recover_lost_runs()

    def stop(self) -> None:
        request_stop(self.run)

    def pause(self) -> None:
        request_pause(self.run)

    def resume(self) -> None:
        with suppress(LaunchError):
            resume_run(Run.objects.get(pk=self.run.pk))

    def _end(self, status: str) -> None:
        if journal := self._any():
            end(journal, status, "The end.")

    def _any(self) -> RunJournal | None:
        """One of the workers that ever held the run, also of those that lost it."""
        return self._source.choice(self._journals) if self._journals else None


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(2))
def test_in_any_order_only_legal_moves_are_made(seed: int) -> None:
    source, owner = random.Random(seed), make_user()
    reached = set()
    for _ in range(INTERLEAVINGS):
        run = start_run(owner, RunOrder(prompt="Make something"), deliver=False)
        actors, told = Actors(run, source), []
        for _ in range(STEPS):
            before = Run.objects.get(pk=run.pk)
            act = source.choice(actors.acts)
            told.append(act.__name__)
            with suppress(LeaseLost):
                act()
            after = Run.objects.get(pk=run.pk)
            assert after.status in (before.status, *LEGAL_MOVES[before.status]), told
            assert after.last_seq >= before.last_seq, told
            if before.status in ENDED and after.status == before.status:
                assert after.last_seq == before.last_seq, told
            reached.add((before.status, after.status))
    assert [line for check in CHECKS for line in check()] == []
    assert len(reached) > 20
