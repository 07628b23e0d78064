"""No secret reaches a log, an event or a page."""

from __future__ import annotations

import base64
import logging
from urllib.parse import quote

import pytest
from pytest_django.fixtures import Settings

from generations.masking import MaskingFilter, mask, mask_known, mask_value

OURS = "p@ss/word+with=signs-9876"


@pytest.mark.parametrize(
    "shape",
    [
        OURS,
        f"x{OURS}y",
        quote(OURS, safe=""),
        base64.b64encode(OURS.encode()).decode(),
        OURS.encode().hex(),
        f'{{"key": "{OURS}"}}',
    ],
)
def test_an_own_secret_is_masked_in_every_shape(shape: str, settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    masked = mask(f"before {shape} after")
    assert shape not in masked
    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@pytest.mark.parametrize("name", ["SECRET_KEY", "CUSTOM_API_KEY", "OPENAI_API_KEY"])
def test_the_secrets_of_the_settings_are_masked(name: str, settings: Settings) -> None:
    setattr(settings, name, "tomato-bicycle-hammer-1234")
    assert mask("it is tomato-bicycle-hammer-1234!") == "it is ***1234!"


def test_the_encryption_keys_are_masked(settings: Settings) -> None:
    assert settings.ENCRYPTION_KEYS[0] not in mask(f"key={settings.ENCRYPTION_KEYS[0]}")


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop1234",
        "-".join(("sk", "ant", "abcdefghijklmnop1234")),
        "ghp_abcdefghijklmnopqrstuvwxyz1234",
        "AKIAABCDEFGHIJKL1234",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLTEyMzQ",
    ],
)
def test_what_looks_like_a_credential_is_masked(secret: str) -> None:
    assert mask(f"({secret})") == f"(***{secret[-4:]})"


def test_a_bearer_token_is_masked() -> None:
    assert mask("Authorization: Bearer abcdefghijklmnopqrst1234") == "Authorization: Bearer ***1234"


@pytest.mark.parametrize("text", ["risk-averse people", "task-list", "Bearer of bad news", "sk-short", ""])
def test_ordinary_words_stay(text: str) -> None:
    assert mask(text) == text


def test_code_that_only_looks_like_a_secret_stays_in_a_state() -> None:
    assert mask_known("sk-abcdefghijklmnop1234") == "sk-abcdefghijklmnop1234"


def test_all_texts_of_a_value_are_masked(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    assert mask_value({"a": [OURS, 1, None, {"b": OURS}]}) == {"a": ["***9876", 1, None, {"b": "***9876"}]}


def test_logs_are_masked_with_arguments_and_traceback(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.CUSTOM_API_KEY = OURS
    logger = logging.getLogger("tests.masking")
    caplog.handler.addFilter(MaskingFilter())
    try:
        raise ValueError(OURS)
    except ValueError:
        logger.exception("the key is %s", OURS)
    assert OURS not in caplog.text
    assert "***9876" in caplog.text


def test_the_console_uses_the_filter(settings: Settings) -> None:
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["mask"]
