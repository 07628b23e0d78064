"""Takes secrets out of text before it is stored, logged or sent."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings

SHORTEST_SECRET = 8

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
    for secret in _known():
        if secret in text:
            text = text.replace(secret, _short(secret))
    return text


def mask_value(value: Any, *, known_only: bool = False) -> Any:
    """A JSON value with all texts in it masked."""
    if isinstance(value, str):
        return mask_known(value) if known_only else mask(value)
    if isinstance(value, dict):
        return {key: mask_value(item, known_only=known_only) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_value(item, known_only=known_only) for item in value]
    return value


class MaskingFilter(logging.Filter):
    """Masks what is logged, with its arguments and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; every record passes."""
        record.msg, record.args = mask(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


def _short(secret: str) -> str:
    return f"***{secret[-4:]}"


def _known() -> list[str]:
    """Longest first, so that no secret is cut by a shorter one inside it."""
    configured = (settings.SECRET_KEY, settings.CUSTOM_API_KEY, settings.OPENAI_API_KEY, *settings.ENCRYPTION_KEYS)
    with _lock:
        return sorted(_forms_of(configured) | _in_use, key=len, reverse=True)


@lru_cache(maxsize=4)
def _forms_of(secrets: tuple[str, ...]) -> frozenset[str]:
    return frozenset(form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret))


def _forms(secret: str) -> set[str]:
    """A secret as it may turn up: plain, in a URL, in JSON, in base64 and in hexadecimal."""
    raw = secret.encode()
    encoded = base64.b64encode(raw).decode().rstrip("=")
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded, raw.hex()}
