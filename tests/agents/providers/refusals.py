"""Refusals as the endpoints state them; each group names the page that does. What they mean stands beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.agents.providers.endpoint import KEY


@dataclass(frozen=True)
class Case:
    """What is answered, and what it has to mean."""

    status: int
    body: object
    kind: str
    retry: bool
    sentence: str


def openai(message: str, code: str | None = None, kind: str = "invalid_request_error", param: str | None = None) -> Any:
    """OpenAI's form of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def anthropic(kind: str, message: str) -> Any:
    """Anthropic's compatible endpoint keeps the type of its own errors."""
    return {"error": {"code": None, "message": message, "param": None, "type": kind}}


def openrouter(code: int, message: str, **metadata: object) -> Any:
    """OpenRouter's form of an error."""
    return {"error": {"code": code, "message": message, "metadata": metadata}, "user_id": "user_1"}


def vllm(code: int, message: str, kind: str = "BadRequestError") -> Any:
    """vLLM's form of an error until 0.10."""
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


TOO_LONG = (
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8900 in the messages)"
)
AFFORD = "This request requires more credits, or fewer max_tokens. You requested up to 8000, but can only afford 2310."
RAW = json.dumps(openai(TOO_LONG, "context_length_exceeded"))

CASES = {
    # OpenAI, "Error codes"
    "openai key": Case(
        401, openai(f"Incorrect API key provided: {KEY}.", "invalid_api_key"), "auth", False, "take the key"
    ),
    "openai region": Case(403, openai("Country, region, or territory not supported"), "auth", False, "does not allow"),
    "openai rate": Case(
        429,
        openai("Rate limit reached for m: Limit 3. See /account/billing.", "rate_limit_exceeded", "requests"),
        "rate",
        True,
        "too many requests",
    ),
    "openai quota": Case(
        429,
        openai(
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        ),
        "payment",
        False,
        "asks for payment",
    ),
    "openai too large": Case(
        429,
        openai(
            "Request too large for m on tokens per min (TPM): Limit 10000, Requested 12000.",
            "rate_limit_exceeded",
            "tokens",
        ),
        "context",
        False,
        "too long for this model",
    ),
    "openai context": Case(
        400, openai(TOO_LONG, "context_length_exceeded", param="messages"), "context", False, "too long for this model"
    ),
    "openai model": Case(
        404,
        openai("The model `m` does not exist or you do not have access to it.", "model_not_found"),
        "model",
        False,
        "know this model",
    ),
    "openai filter": Case(
        400, openai("Your request was rejected.", "content_policy_violation"), "filter", False, "other words"
    ),
    "openai server": Case(
        500,
        openai("The server had an error while processing your request", None, "server_error"),
        "busy",
        True,
        "overloaded (500)",
    ),
    "openai overload": Case(
        503, openai("That model is currently overloaded", None, "server_error"), "busy", True, "overloaded (503)"
    ),
    "openai bad value": Case(
        400,
        openai("Invalid value: 'robot'.", "invalid_value", param="messages[0].role"),
        "refused",
        False,
        "did not take the request (400)",
    ),
    # OpenRouter, "Errors and debugging", "Handling 402 errors", "Limits"; messages from issues of its users
    "openrouter key": Case(401, openrouter(401, "No auth credentials found"), "auth", False, "take the key"),
    "openrouter credit": Case(
        402,
        openrouter(402, "Insufficient credits. Add more using the account page"),
        "payment",
        False,
        "no credit left",
    ),
    "openrouter afford": Case(402, openrouter(402, AFFORD, provider_name=None), "payment", False, "2310 more tokens"),
    "openrouter prompt": Case(
        402, openrouter(402, "Prompt tokens limit exceeded: 230799 > 91442."), "payment", False, "asks for payment"
    ),
    "openrouter flagged": Case(
        403,
        openrouter(403, "Input was flagged", reasons=["violence"], flagged_input="x"),
        "filter",
        False,
        "other words",
    ),
    "openrouter late": Case(408, openrouter(408, "Your request timed out"), "timeout", True, "took too long"),
    "openrouter daily": Case(
        429, openrouter(429, "Rate limit exceeded: free-models-per-day."), "rate", True, "too many requests"
    ),
    "openrouter down": Case(
        502, openrouter(502, "Provider returned error", raw="upstream connect error"), "busy", True, "overloaded (502)"
    ),
    "openrouter none": Case(
        503, openrouter(503, "There is no available model provider"), "busy", True, "overloaded (503)"
    ),
    "openrouter raw": Case(
        400, openrouter(400, "Provider returned error", raw=RAW, provider_name="X"), "context", False, "too long"
    ),
    "openrouter model": Case(
        400, openrouter(400, "qwen/none is not a valid model ID"), "model", False, "know this model"
    ),
    "openrouter no place": Case(404, openrouter(404, "No endpoints found for m."), "model", False, "know this model"),
    # Alibaba Cloud Model Studio, "Error codes"
    "dashscope key": Case(401, openai("Incorrect API key provided.", "invalid_api_key"), "auth", False, "take the key"),
    "dashscope overdue": Case(
        400,
        openai("Access denied, please make sure your account is in good standing.", "Arrearage", "Arrearage"),
        "payment",
        False,
        "asks for payment",
    ),
    "dashscope free": Case(
        403,
        openai("The free tier of the model has been exhausted.", "AllocationQuota.FreeTierOnly"),
        "payment",
        False,
        "asks for payment",
    ),
    "dashscope inspection": Case(
        400,
        openai("Input data may contain inappropriate content.", "data_inspection_failed"),
        "filter",
        False,
        "other words",
    ),
    "dashscope rate": Case(
        429,
        openai("Requests rate limit exceeded, please try again later.", "Throttling.RateQuota"),
        "rate",
        True,
        "too many",
    ),
    "dashscope tokens": Case(
        429,
        openai("Allocated quota exceeded, please increase your quota limit.", "insufficient_quota"),
        "rate",
        True,
        "too many",
    ),
    "dashscope length": Case(
        400,
        openai("Range of input length should be [1, 30720]", "invalid_parameter_error"),
        "context",
        False,
        "too long",
    ),
    "dashscope model": Case(
        404, openai("The model `m` does not exist.", "model_not_found"), "model", False, "know this model"
    ),
    "dashscope denied": Case(
        403, openai("Model access denied.", "Model.AccessDenied"), "auth", False, "does not allow"
    ),
    "dashscope server": Case(
        500, openai("An internal error has occured", "internal_error", "internal_error"), "busy", True, "overloaded"
    ),
    # Anthropic, "Errors", in the form of "OpenAI SDK compatibility"
    "anthropic key": Case(401, anthropic("authentication_error", "invalid x-api-key"), "auth", False, "take the key"),
    "anthropic permission": Case(
        403, anthropic("permission_error", "Your API key may not use this"), "auth", False, "does not allow"
    ),
    "anthropic model": Case(404, anthropic("not_found_error", "model: claude-none"), "model", False, "know this model"),
    "anthropic rate": Case(
        429, anthropic("rate_limit_error", "This request would exceed your rate limit"), "rate", True, "too many"
    ),
    "anthropic spend": Case(
        429,
        {
            "error": {
                "type": "rate_limit_error",
                "message": "x",
                "details": {"error_code": "enforced_spend_limit_reached"},
            }
        },
        "payment",
        False,
        "asks for payment",
    ),
    "anthropic overload": Case(529, anthropic("overloaded_error", "Overloaded"), "busy", True, "overloaded (529)"),
    "anthropic balance": Case(
        400,
        anthropic("invalid_request_error", "Your credit balance is too low to access the API"),
        "payment",
        False,
        "asks for payment",
    ),
    "anthropic length": Case(
        400,
        anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        "context",
        False,
        "too long",
    ),
    "anthropic size": Case(
        413, anthropic("request_too_large", "Request exceeds the maximum size"), "context", False, "too long"
    ),
    # Ollama, "Errors" and issues of its users
    "ollama model": Case(
        404, openai('model "m" not found, try pulling it first', None, "api_error"), "model", False, "know this model"
    ),
    "ollama plain": Case(404, {"error": "model 'm' not found"}, "model", False, "know this model"),
    "ollama busy": Case(
        503,
        openai("server busy, please try again. maximum pending requests exceeded", None, "api_error"),
        "busy",
        True,
        "overloaded",
    ),
    "ollama memory": Case(
        500,
        openai("model requires more system memory (9 GiB) than is available", None, "api_error"),
        "busy",
        True,
        "overloaded",
    ),
    # vLLM, issues 20409 and 12864, and its documentation "OpenAI-compatible server"
    "vllm context": Case(400, vllm(400, TOO_LONG), "context", False, "too long"),
    "vllm model": Case(
        404, vllm(404, "The model `m` does not exist.", "NotFoundError"), "model", False, "know this model"
    ),
    "vllm key": Case(401, {"error": "Unauthorized"}, "auth", False, "take the key"),
    # LM Studio, issues 237, 546 and 169 of its bug tracker; llama.cpp, "HTTP server"
    "lm studio context": Case(
        400,
        {"error": "Trying to keep the first 15857 tokens when context the overflows."},
        "context",
        False,
        "too long",
    ),
    "lm studio model": Case(
        404,
        openai("No models loaded. Please load a model in the developer page", "model_not_found"),
        "model",
        False,
        "know",
    ),
    "llama.cpp context": Case(
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
            }
        },
        "context",
        False,
        "too long",
    ),
    "llama.cpp loading": Case(
        503,
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        "busy",
        True,
        "overloaded",
    ),
    # Gemini, "OpenAI compatibility": errors come in a list
    "gemini key": Case(
        400,
        [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}],
        "auth",
        False,
        "take the key",
    ),
    # Proxies and servers in between
    "web page 404": Case(404, "<html>nginx: context window</html>", "model", False, "base URL"),
    "web page 502": Case(502, "<html>Bad gateway</html>", "busy", True, "overloaded (502)"),
    "cloudflare late": Case(524, "<!DOCTYPE html><title>A timeout occurred</title>", "timeout", True, "took too long"),
    "no body": Case(500, "", "busy", True, "overloaded"),
    "odd body": Case(400, "[" * 50_000, "refused", False, "did not take the request"),
    "conflict": Case(409, {}, "busy", True, "overloaded"),
    "teapot": Case(418, {"error": 7}, "refused", False, "did not take the request"),
    "megabytes": Case(500, "x" * 3_000_000, "busy", True, "overloaded"),
}
