"""Parameters that an endpoint refuses are left out, and stay so."""

from __future__ import annotations

from typing import Any

import pytest

from agents.errors import ProviderError
from tests.agents.providers.endpoint import Endpoint, client, question, whole

# OpenAI, "Chat completions" (max_tokens is deprecated for o-series models); messages from issues of its users
TOKENS = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
WARMTH = (
    "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported."
)


def refuse(message: str, param: str | None = None, code: str | None = None) -> Any:
    """OpenAI's form of a refusal."""
    return whole({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}, 400)


REFUSALS = {
    "openai tokens": (refuse(TOKENS, "max_tokens", "unsupported_parameter"), "max_tokens"),
    "openai temperature": (refuse(WARMTH, "temperature", "unsupported_value"), "temperature"),
    # Moonshot, as its users report it
    "kimi temperature": (refuse("invalid temperature: only 1 is allowed for this model"), "temperature"),
    # vLLM until 0.6, issue 5797 and others: all that it does not know is forbidden
    "vllm stream_options": (
        whole(
            {"object": "error", "code": 400, "type": "BadRequestError",
             "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs'}]"},
            400,
        ),
        "stream_options",
    ),
    # Fireworks, as its users report it
    "fireworks": (refuse("Extra inputs are not permitted, field: 'stream_options'"), "stream_options"),
    # FastAPI, "Handling errors"
    "fastapi": (
        whole({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs"}]}, 422),
        "stream_options",
    ),
    # LM Studio, issue 169 of its bug tracker
    "lm studio": (whole({"error": "'response_format.type' must be 'json_schema' or 'text'"}, 400), "response_format"),
    # DeepSeek, as its users report it
    "deepseek": (refuse("This response_format type is unavailable now"), "response_format"),
}  # fmt: skip


@pytest.mark.parametrize(("refusal", "name"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_parameter_is_left_out_from_then_on(endpoint: Endpoint, refusal: Any, name: str) -> None:
    endpoint.scripts = [refusal]
    asker = client(endpoint.url)
    for _ in range(2):
        reply = asker.complete(question(json_schema={"type": "object"}), stop=lambda: False)
        assert reply.text == "Hello"
    assert [name in talk.body for talk in endpoint.talks] == [True, False, False]


def test_the_longest_answer_has_another_name_elsewhere(endpoint: Endpoint) -> None:
    endpoint.scripts = [refuse(TOKENS, "max_tokens", "unsupported_parameter")]
    client(endpoint.url).complete(question(), stop=lambda: False)
    assert endpoint.talks[1].body["max_completion_tokens"] == 100


def test_several_refusals_one_after_the_other(endpoint: Endpoint) -> None:
    endpoint.scripts = [refusal for refusal, _ in (REFUSALS["openai tokens"], REFUSALS["openai temperature"])]
    client(endpoint.url).complete(question(), stop=lambda: False)
    assert "temperature" not in endpoint.talks[2].body
    assert len(endpoint.talks) == 3


def test_models_of_one_endpoint_may_differ(endpoint: Endpoint) -> None:
    endpoint.scripts = [REFUSALS["openai temperature"][0]]
    asker = client(endpoint.url)
    asker.complete(question(), stop=lambda: False)
    asker.complete(question(model="other"), stop=lambda: False)
    assert endpoint.talks[2].body["temperature"] == 0.2


@pytest.mark.parametrize("message", [TOKENS, WARMTH, "Unsupported parameter: 'messages'", "Unsupported"])
def test_who_refuses_for_ever_is_left(endpoint: Endpoint, message: str) -> None:
    endpoint.script = refuse(message)
    with pytest.raises(ProviderError) as caught:
        client(endpoint.url).complete(question(), stop=lambda: False)
    assert (caught.value.kind, caught.value.retry) == ("refused", False)
    assert len(endpoint.talks) <= 2


@pytest.mark.parametrize(
    "message",
    [
        # OpenAI, as its users report it; Alibaba Cloud Model Studio, "Error codes"; Anthropic, "Errors"
        "max_tokens is too large: 100. This model supports at most 64 completion tokens, whereas you provided 100.",
        "Range of max_tokens should be [1, 64]",
        "max_tokens: 100 > 64, which is the maximum allowed number of output tokens for m",
    ],
)
def test_a_model_that_writes_less_is_asked_for_less(endpoint: Endpoint, message: str) -> None:
    endpoint.scripts = [refuse(message, "max_tokens")]
    asker = client(endpoint.url)
    for _ in range(2):
        asker.complete(question(), stop=lambda: False)
    assert [talk.body["max_tokens"] for talk in endpoint.talks] == [100, 64, 64]
    endpoint.script = refuse(message, "max_tokens")
    with pytest.raises(ProviderError) as caught:
        asker.complete(question(), stop=lambda: False)
    assert (caught.value.kind, len(endpoint.talks)) == ("length", 4)


def test_a_context_that_is_too_small_is_not_a_matter_of_parameters(endpoint: Endpoint) -> None:
    # vLLM, as its users report it
    endpoint.script = refuse("'max_tokens' is too large: 100. This model's maximum context length is 80 tokens.")
    with pytest.raises(ProviderError) as caught:
        client(endpoint.url).complete(question(), stop=lambda: False)
    assert (caught.value.kind, len(endpoint.talks)) == ("context", 1)
