"""What the ledger counts is what the endpoint counted: retries, continuations, refusals and fallbacks included.

Answers that break off after the endpoint has counted them have a test of their own beside the budget.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from agents.asking import ask
from agents.context import RunContext
from agents.errors import ReplyError
from agents.providers.catalogue import Catalogue, ModelChoice
from agents.question import Question
from agents.types import Purpose, Role, StageName
from tests.agents.engine import Notebook, make_context
from tests.agents.providers.endpoint import Endpoint, Script, Talk, chunk, client, stream, whole, words
from tests.agents.providers.refusals import CASES

QUESTION = Question(
    StageName.REQUIREMENTS,
    Role.VISION,
    Purpose.IMAGE,
    {"nonce": "0123abcd", "description": "x"},
    {"label": "Python", "manifest": "requirements.txt"},
)


class Till:
    """Counts the tokens of what it answers, as the endpoint that sends the bill."""

    def __init__(self) -> None:
        self.prompt = self.completion = self.calls = 0

    def answer(self, *texts: str, finish: str = "stop", streamed: bool = True) -> Script:
        """An answer that costs."""

        def script(talk: Talk) -> None:
            self.calls += 1
            self.prompt += 100 * self.calls
            self.completion += 7 * self.calls
            usage = {"prompt_tokens": 100 * self.calls, "completion_tokens": 7 * self.calls}
            if streamed:
                # Some say what they have counted so far with every chunk.
                early = chunk(texts[0], usage={**usage, "completion_tokens": 1})
                rest = words(*texts[1:], finish=finish)
                stream(early, *rest, chunk(choices=[], usage=usage))(talk)
            else:
                message = {"role": "assistant", "content": "".join(texts)}
                whole({"choices": [{"message": message, "finish_reason": finish}], "usage": usage})(talk)

        return script


def refused(status: int, message: str = "no", **headers: str) -> Script:
    """A refusal, which costs nothing."""
    return whole({"error": {"message": message, "type": "invalid_request_error"}}, status, **headers)


def make(endpoint: Endpoint, models: tuple[str, ...] = ("m",)) -> tuple[RunContext, Notebook]:
    context, _scripted, journal = make_context(lambda _: "")
    choices = tuple(ModelChoice("custom", model, prompt_price=1.0, completion_price=2.0) for model in models)
    provider = client(endpoint.url, seconds=30)
    return replace(context, providers={"custom": provider}, catalogue=Catalogue({Role.VISION: choices})), journal


def read(text: str) -> str:
    if "bad" in text:
        raise ReplyError("This is bad.")
    return text


def check(journal: Notebook, till: Till) -> None:
    """The sums are the same, and the cost is what they cost."""
    assert sum(call.prompt_tokens or 0 for call in journal.calls) == till.prompt
    assert sum(call.completion_tokens or 0 for call in journal.calls) == till.completion
    cost = sum(call.cost_usd or 0.0 for call in journal.calls)
    assert cost == pytest.approx((till.prompt + 2 * till.completion) / 1_000_000)


SOON = {"Retry_After": "0"}
TALKS: dict[str, Any] = {
    "one answer": lambda till: [till.answer("Hel", "lo")],
    "not streamed": lambda till: [till.answer("Hello", streamed=False)],
    "after a 500": lambda till: [refused(500, **SOON), till.answer("Hello")],
    "after two limits": lambda till: [refused(429, **SOON), refused(429, **SOON), till.answer("Hello")],
    "after a refused parameter": lambda till: [
        refused(400, "Unsupported parameter: 'temperature'"), till.answer("Hello"),
    ],
    "malformed first": lambda till: [till.answer("bad"), till.answer("Hello")],
    "malformed twice": lambda till: [till.answer("bad"), till.answer("bad"), till.answer("Hello")],
    "cut and continued": lambda till: [till.answer("Hel", finish="length"), till.answer("lo")],
    "cut twice": lambda till: [
        till.answer("He", finish="length"), till.answer("ll", finish="length"), till.answer("o"),
    ],
    "never usable": lambda till: [till.answer("bad") for _ in range(3)],
}  # fmt: skip


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS.keys())
def test_the_ledger_has_what_the_endpoint_counted(endpoint: Endpoint, talk: Any) -> None:
    till = Till()
    endpoint.scripts = talk(till)
    endpoint.script = refused(401)
    context, journal = make(endpoint)
    with suppress(ReplyError):
        ask(context, QUESTION, read)
    assert endpoint.scripts == []
    check(journal, till)
    assert context.budget.tokens == till.prompt + till.completion


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_refusal_costs_nothing_and_the_fallback_is_counted(endpoint: Endpoint, case: Any) -> None:
    till = Till()

    def script(talk: Talk) -> None:
        refusal = whole(case.body, case.status, **SOON) if case.retry else whole(case.body, case.status)
        (till.answer("Hello") if talk.body["model"] == "fallback" else refusal)(talk)

    endpoint.script = script
    context, journal = make(endpoint, ("m", "fallback"))
    assert ask(context, QUESTION, read).value == "Hello"
    assert till.calls == 1
    check(journal, till)
    # Each request that was made has its row, whether it was answered or not.
    assert len(journal.calls) == len(endpoint.talks)
