"""Many calls at once, in threads and in two worker processes, and a budget that ends in the middle of a stage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db.models import Sum
from pytest_django.fixtures import Settings

from agents.asking import ask
from agents.budget import Budget
from agents.errors import BudgetExceeded, ReplyError
from agents.providers.base import Reply, Request
from agents.roles.facts import Asker, question_for
from agents.roles.orchestrator import understand
from agents.state import RunState
from agents.types import Awaited, Purpose, Role, StageName
from generations import launch
from generations.allowances import day_of
from generations.endings import end
from generations.journal import RunJournal
from generations.models import Allowance, CallLimit, ModelCall, Run, RunStatus
from generations.order import RunOrder
from generations.wiring import open_context
from tests.agents.engine import make_context
from tests.factories import claim, make_project, make_run
from tests.model_endpoint import ModelEndpoint, model_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS, THREADS, ANSWER = 2, 10, 2_000
WORKER = f"""
import sys, threading, uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
import django
django.setup()
from django.db import connection
from agents.errors import Waiting
from agents.roles.orchestrator import understand
from agents.state import RunState
from generations.journal import RunJournal
from generations.models import Run
from generations.wiring import open_context

run = Run.objects.claim(uuid.UUID(sys.argv[1]), worker="w", lease=timedelta(hours=1))
gate = threading.Barrier({THREADS})

with open_context(run, RunJournal(run), ()) as context:
    def one(_number):
        gate.wait(300)
        try:
            understand(context, RunState(prompt=run.prompt))
        except Waiting:
            return 0
        finally:
            connection.close()
        return 1

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor({THREADS}) as pool:
        print(sum(pool.map(one, range({THREADS}))))
"""


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelEndpoint]:
    with model_endpoint() as server:
        settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = server.base_url, "small"
        settings.CUSTOM_MAX_OUTPUT_TOKENS = ANSWER
        settings.MODEL_PROVIDER, settings.SCRIPTED_PROVIDER = "", ""
        CallLimit.objects.all().delete()
        yield server


def estimate_of(run: Run) -> int:
    """What one of the calls holds."""
    with open_context(run, RunJournal(run), ()) as context:
        context.budget.max_tokens = 0
        with pytest.raises(BudgetExceeded) as caught:
            understand(context, RunState(prompt=run.prompt))
    return int(str(caught.value).split()[5])


def test_twenty_calls_of_two_workers_pass_the_day_by_nothing(
    endpoint: ModelEndpoint, user: User, process_environment: dict[str, str]
) -> None:
    """The endpoint bills all that a call held: there is room for three of them, whatever the order."""
    order = RunOrder(prompt="Add numbers", profile="custom")
    runs = [launch.start_run(user, order, deliver=False) for _ in range(WORKERS)]
    held = estimate_of(runs[0])
    limit = 3 * held + ANSWER
    Allowance.objects.create(owner=user, tokens_per_day=limit)
    endpoint.seconds, endpoint.usage = 1.0, (held - ANSWER, ANSWER)
    environment = {
        **process_environment,
        "CUSTOM_BASE_URL": endpoint.base_url,
        "CUSTOM_MODEL": "small",
        "CUSTOM_MAX_OUTPUT_TOKENS": str(ANSWER),
    }
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(run.pk)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for run in runs
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    answered = [int(worker.communicate("\n", timeout=300)[0]) for worker in workers]
    assert sum(answered) == len(endpoint.asked) == 3
    assert day_of(user).tokens == 3 * held <= limit
    sums = ModelCall.objects.aggregate(prompt=Sum("prompt_tokens"), answer=Sum("completion_tokens"))
    assert sums["prompt"] + sums["answer"] == 3 * held


def test_a_budget_that_ends_within_a_stage_pays_nothing_twice(user: User) -> None:
    """The first answer is malformed; the second question finds no room. With more, only that one is asked."""

    def answer(request: Request) -> Reply:
        return Reply("good" if len(request.messages) > 2 else "bad", "stop", "m", 900, 100)

    def read(text: str) -> str:
        if text == "bad":
            raise ReplyError("This is bad.")
        return text

    def put(journal: RunJournal, limit: int) -> str:
        context, provider, _notebook = make_context(answer)
        spent = Budget(max_tokens=limit, tokens=journal.run.tokens or 0)
        context = replace(context, journal=journal, budget=spent)
        question = question_for(context, RunState(prompt="Add"), Asker(StageName.CODE, Role.CODER, Purpose.IMAGE))
        try:
            return ask(context, question, read).value
        finally:
            asked.extend(provider.requests)

    asked: list[Request] = []
    run = make_run(make_project(user), settings={"max_tokens": 17_000})
    journal = claim(run)
    with pytest.raises(BudgetExceeded):
        put(journal, 17_000)
    end(journal, RunStatus.PAUSED, "At the limit.", waits_for=Awaited.BUDGET)
    assert len(asked) == 1
    launch.resume_run(Run.objects.get(pk=run.pk), add_tokens=20_000)
    assert put(claim(run), 37_000) == "good"
    assert [len(request.messages) for request in asked] == [2, 4], "the first question is not asked again"
    paid = ModelCall.objects.exclude(outcome="reused")
    assert [(call.outcome, call.prompt_tokens) for call in paid.order_by("at")] == [("malformed", 900), ("ok", 900)]
    assert Run.objects.get(pk=run.pk).tokens == day_of(user).tokens == 2_000
