"""What a call took is known or estimated, never forgotten, and the run's limits hold for calls side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from agents.asking import ask
from agents.budget import Budget
from agents.errors import BudgetExceeded, ProviderError, Stopped
from agents.providers.base import Message, Reply, Request
from agents.providers.catalogue import ModelChoice
from agents.roles.facts import Asker, question_for
from agents.spending import PICTURE_TOKENS, prompt_tokens
from agents.state import RunState
from agents.types import Purpose, Role, StageName
from tests.agents.engine import PROMPT, Notebook, make_context

ASKER = Asker(StageName.REQUIREMENTS, Role.VISION, Purpose.IMAGE)
CHOICE = ModelChoice("scripted", "model", 128_000, 1_000, prompt_price=1.0, completion_price=2.0)
CALLS, ANSWER = 20, 300


def put(answer: object, budget: Budget | None = None) -> Notebook:
    context, _provider, journal = make_context(answer, choice=CHOICE)
    context = replace(context, budget=budget or Budget())
    ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), str)
    return journal


def broken_off(error: Exception) -> Callable[[Request], str]:
    """Streams 400 characters, then fails."""

    def answer(request: Request) -> str:
        request.usage.took(400)
        raise error

    return answer


@pytest.mark.parametrize(
    "error", [ProviderError("The connection broke.", kind="refused"), Stopped("Stopped at your request.")]
)
def test_an_answer_that_broke_off_is_in_the_ledger_with_an_estimate(error: Exception) -> None:
    context, _provider, journal = make_context(broken_off(error), choice=CHOICE)
    with pytest.raises(type(error)):
        ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), str)
    call = journal.calls[-1]
    assert call.estimated
    assert call.completion_tokens == 100
    assert call.prompt_tokens > 0
    assert call.cost_usd > 0
    assert context.budget.tokens == call.prompt_tokens + call.completion_tokens


def test_a_refusal_before_the_first_word_costs_nothing() -> None:
    def refuse(_request: Request) -> str:
        raise ProviderError("Wrong key.", kind="auth")

    context, _provider, journal = make_context(refuse, choice=CHOICE)
    with pytest.raises(ProviderError):
        ask(context, question_for(context, RunState(prompt=PROMPT), ASKER), str)
    assert (journal.calls[-1].prompt_tokens, context.budget.tokens) == (None, 0)


def test_counts_that_the_provider_does_not_give_are_estimated_and_marked() -> None:
    budget = Budget()
    call = put(lambda _r: Reply("x" * 40, "stop", "m"), budget).calls[-1]
    assert (call.estimated, call.completion_tokens) == (True, 10)
    assert budget.tokens == call.prompt_tokens + 10
    assert not put(lambda _r: Reply("x", "stop", "m", 5, 7)).calls[-1].estimated


def test_most_of_a_limit_spent_is_said_once() -> None:
    budget = Budget(max_tokens=10_000, tokens=7_900)
    journal = put(lambda _r: Reply("x", "stop", "m", 150, 50), budget)
    assert "8100 of 10000 tokens are spent" in journal.told()
    assert "are spent" not in put(lambda _r: Reply("x", "stop", "m", 5, 5), budget).told()


def test_twenty_calls_side_by_side_pass_the_limit_by_nothing() -> None:
    """Each may take its estimate at most, so that what is spent stays below the limit."""
    gate = threading.Barrier(CALLS)

    def answer(_request: Request) -> Reply:
        return Reply("x", "stop", "m", 0, ANSWER)

    context, provider, _journal = make_context(answer, choice=CHOICE)
    budget = Budget(max_tokens=5_000)
    context = replace(context, budget=budget)
    question = question_for(context, RunState(prompt=PROMPT), ASKER)

    def one(_number: int) -> bool:
        gate.wait(60)
        try:
            ask(context, question, str)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(CALLS) as pool:
        done = list(pool.map(one, range(CALLS)))
    assert True in done
    assert False in done
    assert budget.tokens <= 5_000
    assert len(provider.requests) == sum(done)
    assert budget.tokens == ANSWER * sum(done)


def test_pictures_are_part_of_the_estimate() -> None:
    text = "x" * 400
    assert prompt_tokens((Message("user", text),)) == 100
    pictures = ("data:image/png;base64,AAAA", "data:image/png;base64,BBBB")
    assert prompt_tokens((Message("user", text, pictures),)) == 100 + 2 * PICTURE_TOKENS
