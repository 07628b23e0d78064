"""What endpoints tell of their models; each comment names the page that states the shape."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agents.errors import ProviderError, Stopped
from agents.providers.base import ListedModel
from tests.agents.providers.endpoint import KEY, QUICK, Endpoint, Talk, client, whole

# OpenRouter, "List available models"
OPENROUTER = {
    "data": [
        {"id": "qwen/qwen3-coder", "name": "Qwen3 Coder", "context_length": 262144,
         "pricing": {"prompt": "0.00000022", "completion": "0.00000095", "request": "0"},
         "top_provider": {"context_length": 131072, "max_completion_tokens": 65536, "is_moderated": False},
         "supported_parameters": ["max_tokens", "structured_outputs"]},
        {"id": "openrouter/auto", "context_length": 2000000, "pricing": {"prompt": "-1", "completion": "-1"},
         "top_provider": {"context_length": None, "max_completion_tokens": None}},
    ]
}  # fmt: skip
# Ollama, "OpenAI compatibility", as in OpenAI's "Models"
OLLAMA = {"object": "list", "data": [{"id": "qwen2.5-coder:7b", "object": "model", "owned_by": "library"}]}
# vLLM, "OpenAI-compatible server"
VLLM = {"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "object": "model", "max_model_len": 40960, "root": "x"}]}
# LM Studio, "REST API v0"
LM_STUDIO = {"data": [{"id": "qwen2.5-7b", "type": "llm", "max_context_length": 32768, "state": "loaded"}]}
# llama.cpp, "HTTP server"
LLAMA_CPP = {"object": "list", "data": [{"id": "model.gguf", "meta": {"n_ctx_train": 8192, "n_params": 7}}]}
LISTS = {
    "openrouter": (
        OPENROUTER,
        (ListedModel("qwen/qwen3-coder", 131072, 65536, 0.22, 0.95), ListedModel("openrouter/auto", 2000000)),
    ),
    "ollama": (OLLAMA, (ListedModel("qwen2.5-coder:7b"),)),
    "vllm": (VLLM, (ListedModel("Qwen/Qwen3-8B", 40960),)),
    "lm studio": (LM_STUDIO, (ListedModel("qwen2.5-7b", 32768),)),
    "llama.cpp": (LLAMA_CPP, (ListedModel("model.gguf", 8192),)),
    "bare list": ([{"id": "a"}, {"id": "a"}, {"id": "b" * 200}, {"id": "\x00"}, 7, {}], (ListedModel("a"),)),
    "nonsense": (
        {"data": [{"id": "a", "context_length": -1, "max_model_len": True, "pricing": {"prompt": "nan"}}]},
        (ListedModel("a"),),
    ),
    "none": ({"object": "list", "data": []}, ()),
}  # fmt: skip


@pytest.mark.parametrize(("body", "models"), LISTS.values(), ids=LISTS.keys())
def test_a_list_of_models_is_read(endpoint: Endpoint, body: object, models: tuple[ListedModel, ...]) -> None:
    endpoint.script = whole(body)
    assert client(endpoint.url).list_models(stop=lambda: False) == models
    (talk,) = endpoint.talks
    assert (talk.path, talk.headers["authorization"]) == ("/v1/models", f"Bearer {KEY}")


REFUSED = {
    "key": (401, {"error": {"message": "Incorrect API key provided"}}, "auth"),
    "missing": (404, {"detail": "Not Found"}, "model"),
    "down": (503, "", "busy"),
    "page": (200, "<html>Sign in</html>", "protocol"),
    "object": (200, {"hello": "world"}, "protocol"),
    "deep": (200, "[" * 100_000, "protocol"),
    "endless": (200, json.dumps({"data": ["x" * 9_000_000]}), "protocol"),
    "elsewhere": (302, "", "refused"),
}


@pytest.mark.parametrize(("status", "body", "kind"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_list_says_so(endpoint: Endpoint, status: int, body: object, kind: str) -> None:
    trap = Endpoint()
    endpoint.script = whole(body, status, Location=f"{trap.url}/models")
    with pytest.raises(ProviderError) as caught:
        client(endpoint.url).list_models(stop=lambda: False)
    assert caught.value.kind == kind
    assert trap.talks == []
    trap.close()


def test_a_list_that_never_comes_is_not_waited_for(endpoint: Endpoint) -> None:
    endpoint.script = Talk.wait
    with pytest.raises(ProviderError) as caught:
        client(endpoint.url, limits=replace(QUICK, first_token=0.5)).list_models(stop=lambda: False)
    assert caught.value.kind == "timeout"


def test_a_stop_is_heard_while_the_list_is_awaited(endpoint: Endpoint) -> None:
    endpoint.script = Talk.wait
    with pytest.raises(Stopped):
        client(endpoint.url).list_models(stop=lambda: bool(endpoint.talks))


def test_a_list_inside_of_a_private_network_is_not_asked_for(endpoint: Endpoint) -> None:
    with pytest.raises(ProviderError, match="private network"):
        client(endpoint.url, public_only=True).list_models(stop=lambda: False)
    assert endpoint.talks == []
