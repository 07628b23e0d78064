"""What a refusal means: class, whether to try again, and sentence of each, wherever it stands."""

from __future__ import annotations

import pytest

from agents.errors import ProviderError
from tests.agents.providers.endpoint import KEY, Endpoint, ask, chunk, stream, whole
from tests.agents.providers.refusals import AFFORD, CASES, TOO_LONG, Case, openrouter, vllm


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_refusal_has_its_class_and_sentence_but_never_the_key(endpoint: Endpoint, case: Case) -> None:
    endpoint.script = whole(case.body, case.status)
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    error = caught.value
    assert (error.kind, error.retry) == (case.kind, case.retry)
    assert case.sentence in str(error)
    assert str(error).endswith(".")
    assert KEY not in str(error)
    assert len(endpoint.talks) == 1


IN_STREAM = {
    # OpenRouter, "Streaming", "Handling errors during streaming": a chunk with an error and a reason "error"
    "openrouter": (chunk("", "error", error={"code": 502, "message": "Provider disconnected"}), "busy", True),
    "openrouter rate": (chunk("", "error", error={"code": 429, "message": "Slow down"}), "rate", True),
    "openrouter choice": (chunk(choices=[{"error": {"code": 400, "message": TOO_LONG}}]), "context", False),
    "vllm": ({"error": vllm(400, TOO_LONG)}, "context", False),
    "old vllm": (vllm(500, "EngineDeadError", "InternalServerError"), "busy", True),
    # LM Studio, issue 2322: 200, then an event "error"
    "lm studio": ('event: error\ndata: {"error":{"message":"Context size has been exceeded."}}\n\n', "context", False),
    "plain": ({"error": "something broke"}, "busy", True),
    "ollama": ({"error": {"message": "llama runner process has terminated", "type": "api_error"}}, "busy", True),
    "anthropic": ('event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n', "busy", True),
    "reason error": (chunk("", "error"), "busy", True),
    "reason of deepseek": (chunk("", "insufficient_system_resource"), "busy", True),
}  # fmt: skip


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(("event", "kind", "retry"), IN_STREAM.values(), ids=IN_STREAM.keys())
def test_an_error_inside_of_a_stream(endpoint: Endpoint, event: object, kind: str, retry: bool, begun: bool) -> None:
    endpoint.script = stream(*([chunk("Half an ")] if begun else []), event)
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    assert (caught.value.kind, caught.value.retry) == (kind, retry)


@pytest.mark.parametrize("event", [chunk(None, "content_filter"), chunk(delta={"refusal": "No."}, finish="stop")])
def test_an_answer_that_is_refused_before_it_began(endpoint: Endpoint, event: object) -> None:
    # OpenAI, "Structured outputs" (refusals) and "Chat completions" (finish reasons)
    endpoint.script = stream(event)
    with pytest.raises(ProviderError, match="other words") as caught:
        ask(endpoint.url)
    assert (caught.value.kind, caught.value.retry) == ("filter", False)


def test_an_error_with_status_200(endpoint: Endpoint) -> None:
    # OpenRouter, "Errors": 200 where the model had begun already.
    endpoint.script = whole(openrouter(402, AFFORD))
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    assert (caught.value.kind, caught.value.affordable_tokens) == ("payment", 2310)


def test_the_tokens_that_can_be_paid_are_told(endpoint: Endpoint) -> None:
    endpoint.script = whole(openrouter(402, AFFORD.replace("2310", "12,310")), 402)
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    assert caught.value.affordable_tokens == 12_310


def test_payment_that_is_only_a_matter_of_time(endpoint: Endpoint) -> None:
    # OpenRouter, "Errors and debugging": a 402 with Retry-After is a limit on what runs at once.
    endpoint.script = whole(
        openrouter(402, "In flight", limit_source="openrouter_in_flight_budget"), 402, Retry_After="9"
    )
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    assert (caught.value.kind, caught.value.retry, caught.value.retry_after) == ("rate", True, 9)


def test_a_long_wait_is_part_of_the_sentence(endpoint: Endpoint) -> None:
    endpoint.script = whole({}, 429, Retry_After="18000")
    with pytest.raises(ProviderError, match="about 5 h") as caught:
        ask(endpoint.url)
    assert caught.value.retry_after == 18_000
