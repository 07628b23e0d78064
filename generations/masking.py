"""Takes secrets out of text before it is stored, logged or sent."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from agents.types import SourceFile
from generations.encryption import encryption_keys
from generations.secret_forms import (
    forms_of,
    is_secret,
    pattern,
    readings,
    shortened,
    without_cut_beginning,
    without_cut_end,
)

_SETTINGS = (
    "SECRET_KEY",
    "OPENROUTER_API_KEY",
    "QWEN_API_KEY",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "CUSTOM_API_KEY",
)

# What looks like a credential even if it is none of ours.
_PATTERNS = (
    re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\b(?:ghp|gho|ghs|github_pat|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}"),
    re.compile(r"\bAKIA[A-Z0-9]{16}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    re.compile(r"(?<=\bBearer )[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE),
)
_PASSWORD_IN_ADDRESS = re.compile(r"(://[^\s/:@]+:)[^\s/@]+(?=@)")

_lock = threading.Lock()
_in_use: set[str] = set()


def remember_secret(secret: str) -> None:
    """Have a decrypted secret masked in this process from now on."""
    if is_secret(secret):
        with _lock:
            _in_use.add(secret)


def mask(text: str) -> str:
    """The text with every known secret and everything that looks like one shortened to its last four characters."""
    text = _PASSWORD_IN_ADDRESS.sub(r"\1***", mask_known(text))
    for looks in _PATTERNS:
        text = looks.sub(lambda found: shortened(found[0]), text)
    return text


def mask_known(text: str) -> str:
    """The text without this installation's own secrets; what merely looks like one stays."""
    read = readings(text)
    for form in forms_of(_known()):
        # Searching is quick, and most texts hold no secret; only then is the slower pattern made and used.
        if any(form.sought in reading for reading in read):
            text = pattern(form.text).sub(lambda found: shortened(found[0]), text)
    return text


def mask_cut(text: str) -> str:
    """The same for a text that may have been cut anywhere: of a secret, one end may be all that is left."""
    forms = forms_of(_known())
    return without_cut_beginning(without_cut_end(mask_known(text), forms), forms)


def mask_files(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """The files without this installation's own secrets; all other bytes stay as they are."""
    return tuple(_masked_file(file) for file in files)


def _masked_file(file: SourceFile) -> SourceFile:
    text = file.content.decode("utf-8", "surrogateescape")
    masked = mask_known(text)
    path = mask_known(file.path)
    if (path, masked) == (file.path, text):
        return file
    # A path with stars is none that every system takes.
    path = file.path if path == file.path else path.replace("*", "_")
    return replace(file, path=path, content=masked.encode("utf-8", "surrogateescape"))


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


def mask_crashes() -> None:
    """Mask what Python prints when this process, or a thread of it, ends by an error that nobody caught."""
    sys.excepthook = _print_masked
    threading.excepthook = lambda crash: _print_masked(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _print_masked(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, SystemExit) and sys.stderr is not None:
        sys.stderr.write(mask("".join(traceback.format_exception(kind, error, trace))))


def _known() -> frozenset[str]:
    configured = [str(getattr(settings, name)) for name in _SETTINGS]
    with _lock:
        return frozenset((*configured, *encryption_keys(), *_passwords())) | _in_use


def _passwords() -> Iterable[str]:
    """Those of the services that the site itself uses."""
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    yield unquote(urlsplit(settings.CHROMA_URL).password or "")
