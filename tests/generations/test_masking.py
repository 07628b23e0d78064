"""No secret reaches a log, an event or a page."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from agents.context import StageMeasures
from agents.paths import safe_relpath
from agents.types import SourceFile, StageName
from generations.checkpoints import restore
from generations.masking import MaskingFilter, mask, mask_crashes, mask_cut, mask_files, mask_known, mask_value
from generations.models import Checkpoint
from tests.canaries import FORMS, shown
from tests.factories import claim, make_run, make_state

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = 'p@ss/"<&>word+with=signs-9876'
SHAPES = {name: form(OURS) for name, form in FORMS.items()}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_own_secret_is_masked_in_every_shape(shape: str, settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    masked = mask(f"before {shape} after")
    assert not _readable(masked), masked
    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def _readable(text: str) -> str:
    return shown(text, OURS)


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


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_is_left_of_a_secret_that_was_cut_is_masked(shape: str, settings: Settings) -> None:
    settings.CUSTOM_API_KEY = OURS
    text = f"before {shape}"
    for size in range(0, len(text), 11):
        assert not _readable(mask_cut(text[:size])), text[:size]
    text = f"{shape} after"
    for size in range(0, len(text), 11):
        assert not _readable(mask_cut(text[size:])), text[size:]


@given(st.text(max_size=300))
def test_a_cut_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert mask_cut(text) == text


def test_an_escaped_secret_leaves_the_json_around_it_whole(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = 'quote"slash/back"0987654321"'
    document = {"key": settings.CUSTOM_API_KEY, "more": [settings.CUSTOM_API_KEY, "\n"]}
    assert json.loads(mask_known(json.dumps(document))) == {"key": "***321", "more": ["***321", "\n"]}


@pytest.mark.parametrize("word", ["lm-studio", "postgres", "autocoder", "short"])
def test_a_key_that_is_an_ordinary_word_takes_no_words_out_of_code(word: str, settings: Settings) -> None:
    settings.CUSTOM_API_KEY = word
    assert mask(f"from {word} import client") == f"from {word} import client"


def test_a_short_secret_shows_nothing_of_itself(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = "q7Zt9-Lp"
    assert mask("it is q7Zt9-Lp!") == "it is ***!"


def test_passwords_of_the_services_are_masked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "s3cret/of-the-Database")
    settings.CHROMA_URL = "http://somebody:s3cret%2Fof-the-Vectors@vectors:8000"
    assert mask_known("s3cret%2Fof-the-Database and s3cret/of-the-Vectors") == "***base and ***tors"


def test_a_password_in_an_address_is_masked_whoever_it_belongs_to() -> None:
    assert mask("postgres://postgres:weak@host/name") == "postgres://postgres:***@host/name"
    assert mask("https://a.example/b:c@d") == "https://a.example/b:c@d"


def test_a_crash_prints_no_secret(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CUSTOM_API_KEY = OURS

    def crash() -> None:
        raise ValueError(f"not {OURS}")

    before = sys.excepthook, threading.excepthook
    try:
        mask_crashes()
        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
        try:
            crash()
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.excepthook, threading.excepthook = before
    printed = capsys.readouterr().err
    assert printed.count("ValueError: not ***9876") == 2
    assert not _readable(printed)


def test_every_process_of_the_site_masks_its_crashes() -> None:
    program = (
        "import django, generations.masking as m; django.setup();"
        f"m.remember_secret({OURS!r}); raise ValueError({OURS!r})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "autocoder_site.settings", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.endswith("ValueError: ***9876\n")


def test_an_address_of_the_database_that_cannot_be_read_is_told_without_its_password() -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**os.environ, "DATABASE_URL": "postgres://me:first/second#third@host/name"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "DATABASE_URL cannot be read" in ended.stderr
    assert "first" not in ended.stderr
    assert "second" not in ended.stderr


def test_the_path_of_a_file_is_masked_and_stays_one(settings: Settings) -> None:
    settings.CUSTOM_API_KEY = "the-name-of-a-File-9876"
    (file,) = mask_files((SourceFile("docs/the-name-of-a-File-9876.md", b"text"),))
    assert safe_relpath(file.path) == "docs/___9876.md"


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
