"""Takes secrets out of text before it is stored, logged or sent."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings

from agents.types import SourceFile

SHORTEST_SECRET = 8

_SETTINGS = (
    "SECRET_KEY",
    "OPENROUTER_API_KEY",
    "QWEN_API_KEY",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "CUSTOM_API_KEY",
)
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# As Django writes JSON into a page.
_IN_SCRIPT = {ord(char): f"\\u{ord(char):04X}" for char in "<>&"}

# What looks like a credential even if it is none of ours.
_PATTERNS = (
    re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\b(?:ghp|gho|ghs|github_pat|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}"),
    re.compile(r"\bAKIA[A-Z0-9]{16}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    re.compile(r"(?<=\bBearer )[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE),
)

_lock = threading.Lock()
_in_use: set[str] = set()


def remember_secret(secret: str) -> None:
    """Have a decrypted secret masked in this process from now on."""
    if len(secret) >= SHORTEST_SECRET:
        with _lock:
            _in_use.update(_forms(secret))


def mask(text: str) -> str:
    """The text with every known secret and everything that looks like one shortened to its last four characters."""
    text = mask_known(text)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: _short(found[0]), text)
    return text


def mask_known(text: str) -> str:
    """The text without this installation's own secrets; what merely looks like one stays."""
    plain = _ESCAPES.sub("", text) if "\x1b" in text else text
    lowered = plain.lower()
    for form in _known():
        # Searching is quick, and most texts hold no secret; only then is the slower pattern made and used.
        if form.lower() in lowered:
            text = _pattern(form).sub(lambda found: _short(_ESCAPES.sub("", found[0])), text)
    return text


def mask_files(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The files without this installation's own secrets; all other bytes stay as they are."""
    return tuple(_masked_file(file) for file in files)


def _masked_file(file: SourceFile) -> SourceFile:
    text = file.content.decode("utf-8", "surrogateescape")
    masked = mask_known(text)
    return file if masked == text else replace(file, content=masked.encode("utf-8", "surrogateescape"))


def mask_value(value: Any, *, known_only: bool = False) -> Any:
    """A JSON value with all texts in it masked."""
    if isinstance(value, str):
        return mask_known(value) if known_only else mask(value)
    if isinstance(value, dict):
        return {
            mask_value(key, known_only=known_only): mask_value(item, known_only=known_only)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [mask_value(item, known_only=known_only) for item in value]
    return value


class MaskingFilter(logging.Filter):
    """Masks what is logged, with its arguments and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; every record passes."""
        record.msg, record.args = mask(record.getMessage()), ()
        # Another handler may have put its text of the traceback here already, unmasked.
        if record.exc_info or record.exc_text:
            record.exc_text = mask(record.exc_text or logging.Formatter().formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return True


def _short(secret: str) -> str:
    return f"***{secret[-4:]}"


def _known() -> list[str]:
    """Longest first, so that no secret is cut by a shorter one inside it."""
    configured = tuple(getattr(settings, name) for name in _SETTINGS)
    with _lock:
        return sorted(_forms_of((*configured, *settings.ENCRYPTION_KEYS)) | _in_use, key=len, reverse=True)


@lru_cache(maxsize=4)
def _forms_of(secrets: tuple[str, ...]) -> frozenset[str]:
    return frozenset(form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret))


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    """A form in either case, with escape sequences of a terminal between its characters."""
    return re.compile(f"(?:{_ESCAPES.pattern})*".join(map(re.escape, form)), re.IGNORECASE)


def _forms(secret: str) -> set[str]:
    """A secret as it may turn up: plain, in a URL, in HTML, in JSON, in base64 and in hexadecimal."""
    in_json = json.dumps(secret)[1:-1]
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        html.escape(secret),
        html.escape(secret, quote=False),
        in_json,
        in_json.replace("/", "\\/"),
        in_json.translate(_IN_SCRIPT),
        secret.encode().hex(),
        *_base64_forms(secret.encode()),
    }


def _base64_forms(raw: bytes) -> Iterator[str]:
    """In base64 by itself, and what is always the same of it when other bytes stand before and after it."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for before in range(3):
            encoded = encode(bytes(before) + raw).decode()
            yield encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
