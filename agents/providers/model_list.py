"""The models that an endpoint says it has, with what it tells of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import httpx2

from agents.providers.base import ListedModel
from agents.providers.http_connection import Dialler, Transport
from agents.providers.http_limits import Limits, Watch
from agents.providers.provider_errors import fault, refusal
from agents.providers.reading import json_in, reading

LARGEST_LIST = 8 * 1024 * 1024
MOST_MODELS, LONGEST_NAME = 5_000, 120
MOST_TOKENS = 100_000_000
# OpenRouter, vLLM, LM Studio, Mistral and Groq; llama.cpp puts it below "meta".
CONTEXTS = ("context_length", "max_model_len", "max_context_length", "context_window", "n_ctx")


def fetch_models(name: str, base_url: str, transport: Transport) -> tuple[ListedModel, ...]:
    """Ask for the list; redirects and proxies are not followed. Raises ProviderError and Stopped."""
    url = base_url.rstrip("/") + "/models"
    with (
        reading(name),
        httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=None) as http,
        http.stream("GET", url) as answer,
    ):
        body = b"".join(answer.iter_bytes())
    found = json_in(body)
    if answer.status_code >= 300:
        raise refusal(name, answer.status_code, answer.headers, found)
    return tuple(_models(name, found))


def models_at(name: str, base_url: str, seconds: float) -> tuple[ListedModel, ...]:
    """The list of an endpoint that needs no key and answers at once, or none. Raises ProviderError."""
    limits = Limits(total=seconds, connect=seconds, first_token=seconds, silence=seconds, size=LARGEST_LIST)
    return fetch_models(name, base_url, Transport(Dialler(Watch(name, limits, stop=lambda: False)), ""))


def _models(name: str, found: object) -> Iterator[ListedModel]:
    rows = found.get("data") if isinstance(found, Mapping) else found
    if not isinstance(rows, list):
        raise fault("not a list", name)
    seen: set[str] = set()
    for row in rows[:MOST_MODELS]:
        listed = row.get("id") if isinstance(row, Mapping) else None
        if isinstance(listed, str) and listed.isprintable() and 0 < len(listed) <= LONGEST_NAME and listed not in seen:
            seen.add(listed)
            yield _model(listed, row)


def _model(listed: str, row: Mapping[str, object]) -> ListedModel:
    top, meta, prices = (_mapping(row.get(key)) for key in ("top_provider", "meta", "pricing"))
    contexts = [_tokens(top.get("context_length")), *(_tokens(row.get(key)) for key in CONTEXTS)]
    contexts += [_tokens(meta.get("n_ctx")), _tokens(meta.get("n_ctx_train"))]
    outputs = (_tokens(top.get("max_completion_tokens")), _tokens(row.get("max_completion_tokens")))
    return ListedModel(
        listed,
        context_tokens=next((size for size in contexts if size), None),
        max_output_tokens=next((size for size in outputs if size), None),
        prompt_price=_per_million(prices.get("prompt")),
        completion_price=_per_million(prices.get("completion")),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_TOKENS else None


def _per_million(value: object) -> float | None:
    """A price for one token, as OpenRouter writes it, for a million; it writes -1 where the price varies."""
    try:
        price = float(value) * 1_000_000 if isinstance(value, str | int | float) else -1.0
    except (ValueError, OverflowError):
        return None
    return round(price, 4) if math.isfinite(price) and 0 <= price < 100_000 else None
