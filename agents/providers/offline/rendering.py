"""Templates of the blueprints: one Jinja environment a folder, and filters that keep a person's text data."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined

BLUEPRINTS_FOLDER = Path(__file__).parent / "blueprints"
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def one_line(text: str) -> str:
    """Text on one line, without control characters and lone surrogates."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())


def python_literal(value: object) -> str:
    """A Python expression for a string, number, boolean, None or list of them, in double quotes."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(python_literal(item) for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{python_literal(key)}: {python_literal(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, str):
        return json.dumps(one_line(value), ensure_ascii=False)
    return repr(value)


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is: on one line, its signs escaped."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", one_line(text))


@cache
def environment(folder: str) -> Environment:
    """The templates of one blueprint folder; a name that a template lacks is an error, never an empty text."""
    made = make_environment(FileSystemLoader(BLUEPRINTS_FOLDER / folder))
    made.filters["py"] = python_literal
    return made


def make_environment(loader: BaseLoader) -> Environment:
    """An environment for text that is no HTML, with the filters that every language needs."""
    made = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - it writes code and Markdown; text goes through filters
    )
    made.filters.update(md=markdown_text, line=one_line)
    return made


LINE_LENGTH = 88
_DEFINITION = re.compile(r"^(?P<head> *(?:async )?def \w+\()(?P<arguments>.*)(?P<tail>\)(?: -> .*)?:)$", re.MULTILINE)


def python_file(text: str) -> str:
    """Python as the formatter leaves it, at 88 columns and at any more: whatever is broken ends with a comma."""
    return re.sub(r"\n{4,}", "\n\n\n", _DEFINITION.sub(_wrapped, text)).rstrip("\n") + "\n"


def _wrapped(found: re.Match[str]) -> str:
    """A signature that is too long, with a line for each argument."""
    if width(found.group()) <= LINE_LENGTH:
        return found.group()
    head, arguments, tail = found.group("head", "arguments", "tail")
    indent = " " * (len(head) - len(head.lstrip()))
    parts = re.split(r", (?![^\[\]]*\])", arguments)
    lines = "\n".join(f"{indent}    {part}," for part in parts)
    return f"{head}\n{lines}\n{indent}{tail}"


def width(text: str) -> int:
    """How many columns a text takes where East Asian signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
