"""What the ledger counts is what the endpoint counted: retries, continuations, refusals and fallbacks included.

So are answers that are of no use. Where one broke off before its endpoint told any counts, there is a marked estimate.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from agents.asking import ask
from agents.context import RunContext
from agents.errors import AgentError, ReplyError
from agents.providers.base import Reply, Request
from agents.providers.catalogue import Catalogue, ModelChoice
from agents.providers.openai_compatible import Limits, OpenAICompatibleProvider
from agents.question import Question
from agents.spending import prompt_tokens
from agents.types import Purpose, Role, StageName
from tests.agents.engine import Notebook, make_context
from tests.agents.providers.endpoint import Endpoint, Script, Talk, chunk, client, event, stream, whole, words
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


USAGE = {"prompt_tokens": 100, "completion_tokens": 7}
TEXT = "A word and more."
PATIENT = Limits(first_token=60, silence=60, after_end=0.5)
HASTY = replace(PATIENT, silence=1.0)
COUNTED, THOUGHT = chunk(TEXT, usage=USAGE), chunk(delta={"reasoning": TEXT})
COUNTS = chunk(choices=[], usage=USAGE)
WORD, ERROR = chunk(TEXT), event({"error": {"code": 502, "message": "gone"}})


def then(*events: object, end: Callable[[Talk], object] = lambda _talk: None) -> Script:
    """Send all events at once, and no end of the stream."""
    text = "".join(one if isinstance(one, str) else event(one) for one in events)

    def script(talk: Talk) -> None:
        talk.head()
        talk.send(text)
        end(talk)

    return script


def silence(talk: Talk) -> None:
    """Say no more."""
    talk.wait()


def reset(talk: Talk) -> None:
    """Reset the connection once all was read."""
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def garble(talk: Talk) -> None:
    """Send what is no event."""
    talk.send(event("oops"))


def unstreamed(content: object, finish: str) -> Script:
    """An answer in one piece with its counts."""
    return whole({"choices": [{"message": {"content": content}, "finish_reason": finish}], "usage": USAGE})


TOOL = chunk(delta={"tool_calls": [{"index": 0}]})
TOLD: dict[str, tuple[Script, Limits]] = {
    "hangs up after its counts": (then(COUNTED), PATIENT),
    "ends in a chunk after its counts": (then(COUNTED, "data: {"), PATIENT),
    "is reset after its counts": (then(COUNTED, chunk(None, "stop"), COUNTS, end=reset), PATIENT),
    "breaks after counts with an error": (then(COUNTED, ERROR), PATIENT),
    "garbles after its counts": (then(COUNTED, end=garble), PATIENT),
    "falls silent after its counts": (then(COUNTED, end=silence), HASTY),
    "whole, then silent": (then(WORD, chunk(None, "stop"), COUNTS, end=silence), PATIENT),
    "filtered": (stream(*words(finish="content_filter"), COUNTS), PATIENT),
    "filtered in the middle": (stream(*words(TEXT, finish="content_filter"), COUNTS), PATIENT),
    "only a thought": (stream(THOUGHT, *words(), COUNTS), PATIENT),
    "no room after the thought": (stream(THOUGHT, *words(finish="length"), COUNTS), PATIENT),
    "only a tool": (stream(TOOL, *words(finish="tool_calls"), COUNTS), PATIENT),
    "nothing": (stream(*words(), COUNTS), PATIENT),
    "ends for an error of its own": (stream(*words(TEXT, finish="error"), COUNTS), PATIENT),
    "filtered, not streamed": (unstreamed(None, "content_filter"), PATIENT),
    "cut, not streamed": (unstreamed("", "length"), PATIENT),
}
# With how many characters of the answer and its thoughts came, and what the endpoint told of the prompt and the answer.
UNTOLD: dict[str, tuple[Script, Limits, int, tuple[int | None, int]]] = {
    "hangs up": (then(WORD, WORD), PATIENT, 2 * len(TEXT), (None, 0)),
    "breaks with an error": (then(WORD, ERROR), PATIENT, len(TEXT), (None, 0)),
    "garbles": (then(WORD, end=garble), PATIENT, len(TEXT), (None, 0)),
    "falls silent": (then(WORD, end=silence), HASTY, len(TEXT), (None, 0)),
    "falls silent in a thought": (then(THOUGHT, end=silence), HASTY, len(TEXT), (None, 0)),
    "never says a word": (then(end=silence), replace(PATIENT, first_token=1.0), 0, (None, 0)),
    "hangs up before the first word": (then(), PATIENT, 0, (None, 0)),
    "never counts": (stream(*words(TEXT)), PATIENT, len(TEXT), (None, 0)),
    "thinks and never counts": (stream(THOUGHT, *words(TEXT)), PATIENT, 2 * len(TEXT), (None, 0)),
    "counts the beginning only": (then(COUNTED, WORD, WORD), PATIENT, 2 * len(TEXT), (100, 7)),
    "counts the beginning of a whole answer": (stream(COUNTED, *words(TEXT)), PATIENT, len(TEXT), (100, 7)),
    "counts nothing while it writes": (
        then(chunk(TEXT, usage={**USAGE, "completion_tokens": 0})), PATIENT, len(TEXT), (100, 0),
    ),
}  # fmt: skip


class Listener:
    """A provider whose person asks to stop as soon as some text has come."""

    name, uses_ai = "custom", True

    def __init__(self, inner: OpenAICompatibleProvider) -> None:
        self._inner, self._heard = inner, False

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        return self._inner.complete(replace(request, on_text=self._hear), stop=lambda: self._heard or stop())

    def _hear(self, _text: str) -> None:
        self._heard = True


def billed(endpoint: Endpoint, limits: Limits, monkeypatch: pytest.MonkeyPatch, *, stops: bool = False) -> Any:
    """The row of the ledger for one call, whatever becomes of it; the budget counts the same."""
    monkeypatch.setattr("agents.calling.PROVIDER_TRIES", 1)
    context, journal = make(endpoint)
    inner = client(endpoint.url, seconds=120, limits=limits)
    context = replace(context, providers={"custom": Listener(inner) if stops else inner})
    with suppress(AgentError):
        ask(context, QUESTION, read)
    (call,) = journal.calls
    assert context.budget.tokens == (call.prompt_tokens or 0) + (call.completion_tokens or 0)
    return call


@pytest.mark.parametrize(("script", "limits"), TOLD.values(), ids=TOLD.keys())
def test_what_was_told_of_a_useless_answer_is_counted(
    endpoint: Endpoint, script: Script, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.script = script
    call = billed(endpoint, limits, monkeypatch)
    assert (call.prompt_tokens, call.completion_tokens, call.estimated) == (100, 7, False)
    assert call.cost_usd == pytest.approx((100 + 2 * 7) / 1_000_000)


@pytest.mark.parametrize(("script", "limits", "came", "told"), UNTOLD.values(), ids=UNTOLD.keys())
def test_what_was_not_told_is_estimated_and_marked(
    endpoint: Endpoint,
    script: Script,
    limits: Limits,
    came: int,
    told: tuple[int | None, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint.script = script
    call = billed(endpoint, limits, monkeypatch)
    prompt, completion = told
    assert call.estimated
    assert call.prompt_tokens == (prompt_tokens(call.messages) if prompt is None else prompt) > 0
    assert call.completion_tokens == completion + came // 4
    assert call.cost_usd == pytest.approx((call.prompt_tokens + 2 * call.completion_tokens) / 1_000_000)


@pytest.mark.parametrize(("first", "estimated"), [(COUNTED, False), (WORD, True)], ids=["told", "not told"])
def test_a_stopped_answer_is_counted(
    endpoint: Endpoint, first: object, estimated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.script = then(first, end=silence)
    call = billed(endpoint, PATIENT, monkeypatch, stops=True)
    assert (call.outcome, call.estimated) == ("stopped", estimated)
    assert (call.prompt_tokens, call.completion_tokens) == (
        (prompt_tokens(call.messages), 4) if estimated else (100, 7)
    )


UNBILLED: dict[str, Any] = {
    "refused inside of the stream": stream(ERROR),
    "a web page": whole("<html></html>", kind="text/html"),
    "refuses without end": lambda talk: (talk.head(500), talk.wait()),
    "hangs up at once": lambda _talk: None,
}


@pytest.mark.parametrize("script", UNBILLED.values(), ids=UNBILLED.keys())
def test_who_has_not_begun_bills_nothing(endpoint: Endpoint, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.script = script
    call = billed(endpoint, replace(PATIENT, first_token=1.0), monkeypatch)
    assert (call.prompt_tokens, call.completion_tokens, call.estimated) == (None, None, False)
