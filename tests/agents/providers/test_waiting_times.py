"""When the next request is wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from types import SimpleNamespace

import pytest

from agents.providers import waiting_times
from agents.providers.rate_headers import limits_in
from agents.providers.waiting_times import waiting_time

NOW = 1_795_569_000.0


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time stands still."""
    monkeypatch.setattr(waiting_times, "time", SimpleNamespace(time=lambda: NOW))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2),
        ({"Retry-After": "2.5"}, 2.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": formatdate(NOW + 40, usegmt=True)}, 40),
        ({"retry-after": formatdate(NOW - 40, usegmt=True)}, 0),
        ({"retry-after": "99999"}, 99_999),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-reset": "30"}, 30),
        ({"X-RateLimit-Reset": str(int(NOW) + 50)}, 50),
        ({"X-RateLimit-Reset": str(int((NOW + 60) * 1000))}, 60),
        ({"X-RateLimit-Reset": str(int(NOW) - 50)}, 0),
        ({"x-ratelimit-reset": "1m30s"}, 90),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"x-ratelimit-reset": "tomorrow"}, None),
        ({}, None),
    ],
)
def test_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    wait = waiting_time(headers)
    assert wait is None if seconds is None else wait == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("wrapped", [True, False])
def test_openrouter_repeats_its_headers_in_the_body(wrapped: bool) -> None:
    error = {"code": 429, "metadata": {"headers": {"X-RateLimit-Reset": str(int((NOW + 3600) * 1000))}}}
    assert waiting_time({}, {"error": error} if wrapped else error) == pytest.approx(3600, abs=0.01)


@pytest.mark.parametrize("body", [None, "", [], {"metadata": None}, {"metadata": {"headers": "x"}}, {"error": "x"}])
def test_other_bodies_say_nothing(body: object) -> None:
    assert waiting_time({}, body) is None


@pytest.mark.parametrize(
    ("headers", "tokens", "seconds"),
    [
        # OpenAI, Anthropic's compatible endpoint, OpenRouter, Anthropic.
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30s"}, 10, 90),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1m30s"}, 10, None),
        ({"x-ratelimit-remaining-tokens": "500", "x-ratelimit-reset-tokens": "6s"}, 501, 6),
        ({"x-ratelimit-remaining-tokens": "500", "x-ratelimit-reset-tokens": "6s"}, 500, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((NOW + 60) * 1000))}, 10, 60),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": datetime.fromtimestamp(NOW + 40, UTC).isoformat(),
            },
            10,
            40,
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "tomorrow"}, 10, None),
        ({"x-ratelimit-remaining": "0"}, 10, None),
        ({"x-ratelimit-reset": "30"}, 10, None),
    ],
)
def test_headers_of_an_answer_say_whether_to_pause(headers: dict[str, str], tokens: int, seconds: float | None) -> None:
    limits = limits_in(headers)
    wait = None if limits is None else limits.pause(tokens)
    assert wait is None if seconds is None else wait == pytest.approx(seconds, abs=0.01)
