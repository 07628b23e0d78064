"""Reads objects in braces ('{"title": "string", "done": false}') into fields in words."""

from __future__ import annotations

import re

from agents.providers.offline.fields import TYPE_WORDS, guessed_type
from agents.providers.offline.refusals import refusal
from agents.providers.offline.words import identifier, spoken

BODY = re.compile(r"(?<![/\w])\[?\s*(\{(?:[^{}]|\{[^{}]*\})*\})\s*(?:,\s*\.\.\.)?\s*\]?")
_PARTS = re.compile(r",(?![^\[{]*[\]}])(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)|\n")
_ERRORS = frozenset({"error", "errors", "detail", "details", "message", "code", "status", "msg"})
_PAGES = frozenset({"items", "total", "limit", "offset", "data", "results", "count", "page", "pages", "size"})
_PATTERNS = (
    ("date", r"\d{4}-\d\d-\d\d|yyyy-mm-dd"),
    ("datetime", r"\d{4}-\d\d-\d\d[t ]\d\d:.*"),
    ("url", r"https?://.*"),
    ("email", r"[^@\s]+@[^@\s]+"),
)
_TEXTS = frozenset({"text", "long_text", "email", "url", "date", "datetime"})


def body_fields(body: str) -> list[str]:
    """The fields of an object as words ('done as boolean'); none for an error or a page of a list.

    Raises NotUnderstood for an object within the object.
    """
    pairs = _pairs(body)
    if is_error(body) or {key.lower() for key, _ in pairs} <= _PAGES:
        return []
    return [_words(key, value) for key, value in pairs if identifier(key)]


def is_error(body: str) -> bool:
    """Whether an object is the answer to a failed request."""
    keys = {key.lower() for key, _ in _pairs(body)}
    return bool(keys & {"error", "errors", "detail"}) and keys <= _ERRORS


def _pairs(body: str) -> list[tuple[str, str]]:
    """The keys of an object with what stands behind them."""
    parts = (part.strip().partition(":") for part in _PARTS.split(body.strip()[1:-1]) if part.strip(" .\n\t…"))
    return [(key.strip(" \"'?"), value.strip()) for key, _, value in parts]


def _words(key: str, value: str) -> str:
    if value.startswith(("{", "[{", "[ {")):
        raise refusal(f"The description has an object within an object ('{key[:40]}'), which one table cannot hold.")
    name = spoken(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key))
    optional = "optional " if re.search(r"\bnull\b|\?\"?$|optional", value.lower()) and value.lower() != "null" else ""
    kind = _kind(identifier(name), re.sub(r"\s*\|\s*(?:null|none)\b", "", value, flags=re.IGNORECASE))
    return f"{optional}{name}{f' as {spoken(kind)}' if kind else ''}"


def _kind(name: str, value: str) -> str:
    """The type that a value or the name of a type says; '' to go by the field's name."""
    inner = value.strip("\"'? ").lower()
    guess = guessed_type(name)
    if inner in TYPE_WORDS and inner != "link":
        stated = TYPE_WORDS[inner]
        return guess if stated == "text" and guess in _TEXTS else stated
    if value.startswith("["):
        return "tags"
    if value[:1] in ("'", '"'):
        said = next((kind for kind, pattern in _PATTERNS if re.fullmatch(pattern, inner)), "")
        return said or (guess if guess in ("text", "long_text") else "text")
    if inner in ("true", "false"):
        return "boolean"
    if re.fullmatch(r"-?\d+(?:\.\d+)?", inner):
        return "number" if "." in inner or guess == "number" else "integer"
    return ""
