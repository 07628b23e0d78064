"""No secret reaches a log, an event or a page."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import re
from urllib.parse import quote, unquote

import pytest
from django.conf import settings as django_settings
from django.utils.html import json_script
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from agents.context import StageMeasures
from agents.types import SourceFile, StageName
from generations.checkpoints import restore
from generations.masking import MaskingFilter, mask, mask_files, mask_known, mask_value
from generations.models import Checkpoint
from tests.factories import claim, make_run, make_state

OURS = 'p@ss/"<&>word+with=signs-9876'
_B64 = base64.b64encode(OURS.encode()).decode()


SHAPES = {
    "plain": OURS,
    "inside a word": f"x{OURS}y",
    "upper case": OURS.upper(),
    "URL": quote(OURS, safe=""),
    "URL with small letters": quote(OURS, safe="").lower(),
    "path of a URL": quote(OURS),
    "HTML": html.escape(OURS),
    "JSON": json.dumps({"key": OURS}),
    "JSON with escaped slashes": json.dumps(OURS).replace("/", "\\/"),
    "JSON in a page": str(json_script({"key": OURS})),
    "base64": base64.b64encode(OURS.encode()).decode(),
    "base64 after one byte": base64.b64encode(b"x" + OURS.encode() + b"yz").decode(),
    "base64 after two bytes": base64.b64encode(b"xx" + OURS.encode() + b"y").decode(),
    "base64 for URLs": base64.urlsafe_b64encode(OURS.encode()).decode(),
    "hexadecimal": OURS.encode().hex(),
    "hexadecimal in capitals": OURS.encode().hex().upper(),
    "cut by colours": "\x1b[1;31m".join(OURS),
    "base64 cut by a colour": "\x1b[0m".join((_B64[:9], _B64[9:])),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_own_secret_is_masked_in_every_shape(shape: str, settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    masked = mask(f"before {shape} after")
    assert not _readable(masked), masked
    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def _readable(text: str) -> bool:
    """Whether somebody who knows all the forms finds more than the end of the secret; not by the product's code."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    turned = [text, unquote(text), html.unescape(text), text.replace("\\/", "/")]
    turned.append(re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text.replace('\\"', '"')))
    for word in re.findall(r"[A-Za-z0-9+/_-]{9,}", text):
        for start in range(4):
            cut = word[start:].replace("-", "+").replace("_", "/")
            turned.append(base64.b64decode(cut[: len(cut) // 4 * 4]).decode("latin-1"))
    for word in re.findall(r"[0-9A-Fa-f]{8,}", text):
        turned.append(bytes.fromhex(word[: len(word) // 2 * 2]).decode("latin-1"))
    parts = [OURS[n : n + 8].lower() for n in range(len(OURS) - 7)]
    return any(part in found.lower() for found in turned for part in parts)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_search_of_these_tests_finds_every_shape_that_is_not_masked(shape: str) -> None:
    assert _readable(f"before {shape} after")


@given(st.text(max_size=300))
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert mask_known(text) == text


@given(st.binary(max_size=300))
def test_a_file_without_a_secret_keeps_every_byte(content: bytes) -> None:
    files = (SourceFile("a.bin", content, 0o755),)
    assert mask_files(files) == files


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_all_other_bytes_of_a_file_with_a_secret_stay(before: bytes, after: bytes) -> None:
    key = django_settings.SECRET_KEY
    found = mask_files((SourceFile("a.bin", before + key.encode() + after),))[0].content
    assert found == before + f"***{key[-4:]}".encode() + after


@pytest.mark.django_db
def test_no_file_that_is_kept_or_delivered_holds_the_keys_of_the_site(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    journal = claim(make_run())
    text = "".join(f"{shape}\n" for shape in SHAPES.values())
    files = (SourceFile("settings.py", f"KEY = {settings.SECRET_KEY!r}\n{text}".encode()),)
    journal.checkpoint(StageName.CODE, make_state(journal.run, StageName.CODE), files, StageMeasures(seconds=1.0))
    journal.keep_partial((SourceFile("half.py", text.encode()),), "Stopped")
    rows = Checkpoint.objects.order_by("number")
    assert [row.status for row in rows] == ["succeeded", "partial"]
    for row in rows:
        stored = b"".join(artifact.source_file().content for artifact in row.artifacts.all()).decode()
        assert settings.SECRET_KEY not in stored
        assert not _readable(stored)
        assert restore(row) is not None or row.status == "partial"


def test_names_in_a_value_are_masked(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    assert mask_value({OURS: 1}) == {"***9876": 1}


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "OPENROUTER_API_KEY",
        "QWEN_API_KEY",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "CUSTOM_API_KEY",
    ],
)
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


def test_a_traceback_that_another_handler_wrote_first_is_masked(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    first, second = logging.StreamHandler(io.StringIO()), logging.StreamHandler(stream := io.StringIO())
    second.addFilter(MaskingFilter())
    logger = logging.getLogger("tests.masking.two")
    for handler in (first, second):
        logger.addHandler(handler)
    try:
        raise ValueError(OURS)
    except ValueError:
        logger.exception("failed", stack_info=True)
    finally:
        for handler in (first, second):
            logger.removeHandler(handler)
    assert "Traceback" in stream.getvalue()
    assert OURS not in stream.getvalue()


def test_the_stack_of_a_record_is_masked(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    record = logging.makeLogRecord({"msg": "here", "stack_info": f"Stack: open({OURS!r})"})
    assert MaskingFilter().filter(record)
    assert record.stack_info == "Stack: open('***9876')"
