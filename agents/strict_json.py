"""JSON from a model: found in its reply, read strictly, and checked against a schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agents.errors import CutReply, ReplyError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 50
MAX_DIGITS = 40
MAX_VALUES = 200_000
MAX_CANDIDATES = 20
# Possessive quantifiers (*+) never go back, so that no reply takes more than linear time.
_FENCED = re.compile(r"^[ \t]*+(?:`{3,}+|~{3,}+)[ \t]*+\w*+\s*+(?=[{\[])", re.MULTILINE)
_TOKEN = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|["{}\[\],]|`{3}')
_FENCE_LINE = re.compile(r"^[ \t]*+(?:```|~~~)", re.MULTILINE)
_LAST_TOKEN = re.compile(r'^\s*+(?:"[^\n]*+|[\w.+\\-]*+\s*+)$')
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NESTING = {"{": 1, "[": 1, "]": -1, "}": -1}
_HINTS = (
    (re.compile(r"^\s*[}\]]"), "Leave out the comma before a closing bracket."),
    (re.compile(r"^\s*(?://|/\*|#)"), "JSON has no comments."),
    (re.compile(r"^\s*'"), "Strings stand in double quotes."),
    (re.compile(r"^\s*(?:True|False|None|undefined)\b"), "Write true, false or null."),
)
M = TypeVar("M", bound=BaseModel)


def read_model(text: str, kind: type[M]) -> M:
    """The value of a reply as a model of this kind. Raises ReplyError, whose message is the repair prompt."""
    try:
        return kind.model_validate(read_json(text))
    except ValidationError as error:
        problems = [
            f"- {'.'.join(str(part)[:80] for part in one['loc']) or 'the whole value'}: {one['msg'][:300]}"
            for one in error.errors(include_url=False, include_input=False)[:12]
        ]
        raise ReplyError("The JSON does not fit what was asked for:\n" + "\n".join(problems)) from error


def read_json(text: str) -> Any:
    """The first JSON object in a reply, in a fence or free. Raises ReplyError, CutReply where the object has no end."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", errors="replace")) > MAX_BYTES:
        raise ReplyError("The reply is longer than 4 MiB. Answer with the JSON value only.")
    problems: list[ReplyError] = []
    for source, closed in _candidates(text):
        try:
            return _clean(_object(_parsed(source, closed=closed)))
        except ReplyError as error:
            problems.append(error)
    if not problems and (len(_FENCE_LINE.findall(text)) % 2 or text.strip() in ("`", "``")):
        raise CutReply("The reply ends before its JSON object begins.")
    if not problems:
        raise ReplyError("The reply holds no JSON object. Answer with one JSON object in a ```json fence.")
    raise problems[-1] if isinstance(problems[-1], CutReply) else problems[0]


def _candidates(text: str) -> Iterator[tuple[str, bool]]:
    """What may be the object, and whether it has an end: first what fences begin, without any each free brace."""
    starts: Iterator[int] = (found.end() for found in _FENCED.finditer(text))
    first = next(starts, None)
    fenced = first is not None
    rest = text.lstrip("\ufeff \t\r\n")
    at = len(text) - len(rest) if rest.startswith("[") else text.find("{")
    at = at if first is None else first
    for _ in range(MAX_CANDIDATES):
        if at < 0:
            return
        end, closed = _end(text, at)
        yield text[at:end], closed
        at = next((start for start in starts if start >= end), -1) if fenced else text.find("{", end)


def _end(text: str, start: int) -> tuple[int, bool]:
    """Where the value that starts here ends, and whether something ended it. Brackets inside strings do not count."""
    depth = 0
    for number, token in enumerate(_TOKEN.finditer(text, start)):
        mark = token.group()
        depth += _NESTING.get(mark, 0)
        if depth > MAX_DEPTH or number > MAX_VALUES:
            raise ReplyError(f"The JSON is nested deeper than {MAX_DEPTH} levels or holds over {MAX_VALUES} values.")
        # A fence ends a value, and no string goes on after its line.
        if depth == 0 or mark == "```":
            return token.end() if depth == 0 else token.start(), True
        if mark == '"' and (line_end := text.find("\n", token.end())) >= 0:
            return line_end, True
        if mark == '"':
            break
    return len(text), False


def _parsed(source: str, *, closed: bool) -> Any:
    try:
        return json.loads(
            source,
            parse_constant=_refuse_constant,
            parse_int=_whole_number,
            parse_float=_fraction,
            object_pairs_hook=_unique_pairs,
        )
    except json.JSONDecodeError as error:
        if not closed and _LAST_TOKEN.match(source[error.pos :]):
            raise CutReply("The reply ends before its JSON object does.") from error
        near = source[max(0, error.pos - 40) : error.pos + 40]
        hint = next((f" {words}" for sign, words in _HINTS if sign.match(source[error.pos : error.pos + 80])), "")
        raise ReplyError(
            f"The reply is no valid JSON: {error.msg} at line {error.lineno} column {error.colno}, near {near!r}.{hint}"
        ) from error


def _object(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ReplyError("The answer is one JSON object, not a list.")
    return value


def _refuse_constant(word: str) -> Any:
    raise ReplyError(f"{word} is not a JSON number.")


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ReplyError(f"A number has {len(digits)} digits.")
    return int(digits)


def _fraction(digits: str) -> float:
    if len(digits) > MAX_DIGITS or not math.isfinite(float(digits)):
        raise ReplyError(f"The number {digits[:MAX_DIGITS]} is too long or too large.")
    return float(digits)


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for given, value in pairs:
        key = _clean(given)
        if key in found:
            raise ReplyError(f"The key {key[:80]!r} stands twice in one object.")
        found[key] = value
    return found


def _clean(value: Any) -> Any:
    """The value with lone surrogates and NUL, which no database takes, replaced."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return value
