"""Every way in which executing a run can end brings it to the right status with a sentence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from agents import pipeline, sandboxes
from agents.context import RunContext, StageMeasures
from agents.errors import AgentError, BudgetExceeded, LeaseLost, SandboxUnavailable, Stopped
from agents.events import StageStarted
from agents.evidence import Evidence, Measure, Outcome, QualityReport, TestCounts, Verdict
from agents.sandboxes.base import SandboxStatus
from agents.state import RunState
from agents.types import SourceFile, StageName
from generations import tasks
from generations.launch import request_stop, resume_run
from generations.models import Checkpoint, Run, RunEvent, RunStatus
from tests.factories import make_project, make_run, make_state

Pipeline = Callable[[RunState, RunContext], RunState]


class Machine:
    """A sandbox that is never started here."""

    name = "machine"
    differences: tuple[str, ...] = ()

    def status(self) -> SandboxStatus:
        return SandboxStatus(True, "")


@pytest.fixture(autouse=True)
def _no_sandbox_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxes, "choose", lambda *_words: Machine())


def execute(run: Run, body: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Execute a run with this instead of the eight stages."""
    monkeypatch.setattr(pipeline, "run", body)
    assert tasks.execute_run(str(run.pk))
    run.refresh_from_db()
    return run


def raising(error: BaseException) -> Pipeline:
    def body(_state: RunState, context: RunContext) -> RunState:
        context.journal.record(StageStarted(stage="code", role="coder"))
        context.workspace.write(SourceFile("half.py", b"half = 1\n"))
        raise error

    return body


ENDINGS = [
    (Stopped("code"), RunStatus.STOPPED, "Stopped at your request."),
    (SandboxUnavailable("No sandbox. Start Docker."), RunStatus.WAITING, "No sandbox. Start Docker."),
    (BudgetExceeded("The budget is spent."), RunStatus.PAUSED, "The budget is spent."),
    (AgentError("The plan has a cycle."), RunStatus.FAILED, "The plan has a cycle."),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("error", "status", "reason"), ENDINGS)
def test_an_error_of_the_engine_ends_the_run_with_its_sentence(
    error: AgentError, status: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = execute(make_run(), raising(error), monkeypatch)
    assert (run.status, run.reason, run.lease_owner, run.lease_expires_at) == (status, reason, "", None)
    assert (run.finished_at is not None) == run.ended
    last = RunEvent.objects.filter(run=run).latest("seq")
    assert (last.kind, last.payload["status"], last.payload["reason"]) == ("run_ended", status, reason)


@pytest.mark.django_db(transaction=True)
def test_what_was_written_before_the_stop_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    run = execute(make_run(), raising(Stopped("code")), monkeypatch)
    partial = Checkpoint.objects.get(run=run)
    assert (partial.status, partial.stage) == ("partial", "code")
    assert [row.path for row in partial.artifacts.all()] == ["half.py"]


@pytest.mark.django_db(transaction=True)
def test_waiting_does_not_count_as_a_lost_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    run = execute(make_run(), raising(SandboxUnavailable("No sandbox.")), monkeypatch)
    assert run.attempts == 0
    assert run.not_before is not None


@pytest.mark.django_db(transaction=True)
def test_an_unexpected_error_is_told_without_its_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = execute(make_run(), raising(ZeroDivisionError("secret detail")), monkeypatch)
    assert run.status == RunStatus.FAILED
    assert run.reason.startswith("Internal error; the worker's log tells more under ")
    assert "secret detail" not in run.reason
    number = run.reason.rstrip(".").rsplit(" ", 1)[1]
    assert number in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_the_run_leaves_it_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(state: RunState, context: RunContext) -> RunState:
        Run.objects.filter(pk=context.run).update(fence=2, lease_owner="another")
        context.journal.record(StageStarted(stage="code", role="coder"))
        return state

    run = execute(make_run(), body, monkeypatch)
    assert (run.status, run.lease_owner, run.fence) == (RunStatus.RUNNING, "another", 2)
    assert set(RunEvent.objects.values_list("kind", flat=True)) == {"run_started"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_worker_that_is_told_to_end_hands_the_run_back(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    with pytest.raises(type(error)):
        execute(run, raising(error), monkeypatch)
    run.refresh_from_db()
    assert (run.status, run.attempts, run.lease_owner) == (RunStatus.QUEUED, 0, "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_verdict_gives_status_and_figures(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    def body(state: RunState, context: RunContext) -> RunState:
        counts = TestCounts(passed=3, failed=1, skipped=0)
        quality = QualityReport(measures={"lint": Measure(value=0.5), "types": Measure()}, overall=0.5)
        verdict = Verdict(outcome=outcome, reason="Because.")
        evidence = Evidence(tree="t", sandbox=context.sandbox.name, tests=counts)
        return state.model_copy(update={"evidence": evidence, "quality": quality, "verdict": verdict})

    run = execute(make_run(), body, monkeypatch)
    assert (run.status, run.reason, run.quality, run.sandbox, run.uses_ai) == (
        outcome, "Because.", 0.5, "machine", False,
    )  # fmt: skip
    assert (run.tests_passed, run.tests_failed, run.tests_skipped) == (3, 1, 0)
    assert run.quality_report.measures["types"]["value"] is None


@pytest.mark.django_db(transaction=True)
def test_unknown_figures_stay_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = Verdict(outcome=Outcome.UNVERIFIED, reason="No tests.")
    run = execute(make_run(), lambda state, _c: state.model_copy(update={"verdict": verdict}), monkeypatch)
    assert (run.quality, run.tests_passed, run.tokens, run.cost_usd) == (None, None, None, None)


@pytest.mark.django_db(transaction=True)
def test_the_pipeline_gets_state_files_and_budget_of_the_last_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[RunState, RunContext]] = []

    def first(state: RunState, context: RunContext) -> RunState:
        state = make_state(Run.objects.get(pk=context.run), StageName.CODE)
        files = (SourceFile("main.py", b"x = 1\n"),)
        context.journal.checkpoint(StageName.CODE, state, files, StageMeasures(seconds=1))
        raise BudgetExceeded("Spent.")

    def second(state: RunState, context: RunContext) -> RunState:
        seen.append((state, context))
        raise AgentError("Enough seen.")

    run = make_run(settings={"max_tokens": 50, "budget_usd": "1.5"}, tokens=40)
    execute(run, first, monkeypatch)
    Run.objects.move(run.pk, RunStatus.QUEUED)
    execute(run, second, monkeypatch)
    state, context = seen[0]
    assert state.done == (StageName.CODE,)
    assert [file.path for file in context.workspace.files()] == ["main.py"]
    assert (context.budget.max_tokens, context.budget.max_cost_usd, context.budget.tokens) == (50, 1.5, 40)
    started = RunEvent.objects.filter(run=run, kind="run_started").latest("seq")
    assert started.payload["resumed_from"] == "code"


@pytest.mark.django_db(transaction=True)
def test_a_run_that_paused_at_its_limit_may_spend_as_much_again(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[int | None, float | None]] = []

    def body(_state: RunState, context: RunContext) -> RunState:
        limits.append((context.budget.max_tokens, context.budget.max_cost_usd))
        raise BudgetExceeded("Spent.")

    run = make_run(settings={"max_tokens": 50, "budget_usd": "1.5"})
    for _ in range(3):
        execute(run, body, monkeypatch)
        resume_run(run)
    assert limits == [(50, 1.5), (100, 3.0), (150, 4.5)]


@pytest.mark.django_db(transaction=True)
def test_a_stop_reaches_the_pipeline_inside_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(_state: RunState, context: RunContext) -> RunState:
        request_stop(Run.objects.get(pk=context.run))
        deadline = time.monotonic() + 240
        while not context.journal.stop_requested():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        raise Stopped("code")

    assert execute(make_run(), body, monkeypatch).status == RunStatus.STOPPED


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_a_stage_takes_longer_than_it(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.LEASE_SECONDS = 1
    renewed: list[bool] = []

    def body(_state: RunState, context: RunContext) -> RunState:
        first = Run.objects.get(pk=context.run).lease_expires_at
        assert first
        deadline = time.monotonic() + 240
        later = Run.objects.filter(pk=context.run, lease_expires_at__gt=first + timedelta(seconds=2))
        while not later.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        renewed.append(later.exists())
        raise AgentError("Done looking.")

    execute(make_run(), body, monkeypatch)
    assert renewed == [True]


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_that_lost_the_lease_stops_the_work(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.LEASE_SECONDS = 1

    def body(_state: RunState, context: RunContext) -> RunState:
        Run.objects.filter(pk=context.run).update(fence=7)
        until = time.monotonic() + 240
        while not context.journal.stop_requested() and time.monotonic() < until:
            time.sleep(0.02)
        assert context.journal.stop_requested()
        raise LeaseLost("gone")

    run = execute(make_run(), body, monkeypatch)
    assert (run.status, run.fence) == (RunStatus.RUNNING, 7)


@pytest.mark.django_db(transaction=True)
def test_a_second_delivery_is_a_no_op(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    inside = threading.Event()
    leave = threading.Event()

    def body(_state: RunState, context: RunContext) -> RunState:
        calls.append(context.run)
        inside.set()
        leave.wait(60)
        raise AgentError("Enough.")

    run = make_run()
    monkeypatch.setattr(pipeline, "run", body)

    def work() -> None:
        tasks.execute_next()
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert inside.wait(60)
    assert not tasks.execute_run(str(run.pk))
    tasks.execute_next()
    leave.set()
    worker.join()
    assert calls == [str(run.pk)]
    assert not tasks.execute_run(str(run.pk))


@pytest.mark.django_db(transaction=True)
def test_the_queue_task_takes_the_next_run_within_the_limit_of_its_owner(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RUNS_PER_USER = 1
    monkeypatch.setattr(pipeline, "run", raising(AgentError("Enough.")))
    busy = make_project()
    make_run(busy, RunStatus.RUNNING)
    held_back, free = make_run(busy), make_run()
    tasks.execute_next()
    assert Run.objects.get(pk=free.pk).status == RunStatus.FAILED
    assert Run.objects.get(pk=held_back.pk).status == RunStatus.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_profile_that_is_gone_fails_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    run = execute(make_run(provider_profile="custom"), raising(AgentError("never")), monkeypatch)
    assert (run.status, "is not set up here any more" in run.reason) == (RunStatus.FAILED, True)


@pytest.mark.django_db(transaction=True)
def test_without_a_sandbox_the_run_waits_before_it_does_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_words: object) -> Machine:
        raise SandboxUnavailable("No sandbox can run code here now.")

    monkeypatch.setattr(sandboxes, "choose", nowhere)
    run = execute(make_run(), raising(AgentError("never")), monkeypatch)
    assert (run.status, run.reason) == (RunStatus.WAITING, "No sandbox can run code here now.")
