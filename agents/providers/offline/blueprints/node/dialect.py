"""The two languages that share templates: in these, what stands between « and » is TypeScript's alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from jinja2 import BaseLoader, Environment, TemplateNotFound

from agents.providers.offline.rendering import BLUEPRINTS_FOLDER, make_environment, one_line, width
from agents.providers.offline.words import class_name

WIDTH = 80
_TYPED_LINES = re.compile(r"^[ \t]*«[^»]*»[ \t]*\n", re.MULTILINE)
_TYPED = re.compile(r"«[^»]*»")
_IMPORT = re.compile(r"^(?P<head>import (?:type )?\{) (?P<parts>.*) (?P<tail>\} from .*)$", re.MULTILINE)
_SIGNATURE = re.compile(
    r"^(?P<head> *(?:export )?(?:async )?function \w+(?:<[^>(]*>)?\()(?P<parts>.*)(?P<tail>\)(?:: [^{]*)? \{)$",
    re.MULTILINE,
)
_LIST = re.compile(
    r"^(?P<head> *(?:(?:export )?const \w+ = |\w+: )\[)(?P<parts>[^\[\]{}]*)(?P<tail>\][;,])$", re.MULTILINE
)
_CALL = re.compile(
    r"^(?P<head> *(?:const \w+ = |return |await )?(?:new )?[\w.]+\()"
    r"(?P<parts>[^()\[\]{}]*(?:\([^()\[\]{}]*\))?)(?P<tail>\);)$",
    re.MULTILINE,
)
_TYPE = re.compile(r"^(?P<head>.*\b(?:z\.output|Omit)<)(?P<parts>[^<>]*)(?P<tail>>(?:;| \{))$", re.MULTILINE)
_TEXT = re.compile(r"^(?P<head> *(?:const \w+ =|\w+:)) (?P<value>\"[^\"]*\"|'[^']*')(?P<tail>[;,])$", re.MULTILINE)
# Neither within a text nor within brackets.
_PARTS = re.compile(r', (?![^<({]*[>)}])(?=(?:[^"]*"[^"]*")*[^"]*$)')


@dataclass(frozen=True, slots=True)
class Dialect:
    """JavaScript or TypeScript: the key of its toolchain, the ending of its files, whether it has types."""

    key: str
    label: str
    suffix: str
    typed: bool

    def environment(self, folder: str) -> Environment:
        """The templates of one folder below ``node/`` as they stand in this language."""
        return _environment(folder, typed=self.typed)


JAVASCRIPT = Dialect("javascript", "JavaScript", "js", typed=False)
TYPESCRIPT = Dialect("typescript", "TypeScript", "ts", typed=True)


class _Templates(BaseLoader):
    """Reads templates with the types that are marked in them, or without."""

    def __init__(self, folder: str, *, typed: bool) -> None:
        self._folder, self._typed = BLUEPRINTS_FOLDER / "node" / folder, typed

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text of one template."""
        path = self._folder / template
        if not path.is_file():
            raise TemplateNotFound(template)
        text = path.read_text(encoding="utf-8")
        text = text.replace("«", "").replace("»", "") if self._typed else _TYPED.sub("", _TYPED_LINES.sub("", text))
        return text, str(path), lambda: True


@cache
def _environment(folder: str, *, typed: bool) -> Environment:
    made = make_environment(_Templates(folder, typed=typed))
    made.filters.update(js=literal, camel=camel, kebab=kebab)
    return made


def camel(name: str) -> str:
    """'todo_item' as 'todoItem'."""
    found = class_name(name)
    return found[:1].lower() + found[1:]


def kebab(name: str) -> str:
    """'todo_items' as 'todo-items', for files and packages."""
    return name.replace("_", "-")


def literal(value: object) -> str:
    """A JavaScript expression as the formatter writes it, for a string, number, boolean, None or list of them."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, str):
        text = one_line(value)
        quoted = json.dumps(text, ensure_ascii=False)
        if text.count('"') > text.count("'"):
            return "'" + quoted[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
        return quoted
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def script_file(text: str) -> str:
    """JavaScript or TypeScript as the formatter leaves it: what is too long in one line stands on several."""
    for pattern in (_IMPORT, _SIGNATURE, _LIST, _CALL):
        text = pattern.sub(_broken, text)
    text = _TYPE.sub(lambda found: _broken(found, last=""), text)
    return plain_file(_TEXT.sub(_text_below, text))


def plain_file(text: str) -> str:
    """Any text with no more than one empty line between others, and none around them."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _text_below(found: re.Match[str]) -> str:
    """A text that is too long for its line, on a line of its own."""
    if width(found.group()) <= WIDTH:
        return found.group()
    head = found.group("head")
    indent = " " * (len(head) - len(head.lstrip()) + 2)
    return f"{head}\n{indent}{found.group('value')}{found.group('tail')}"


def _broken(found: re.Match[str], *, last: str = ",") -> str:
    """A line that is too long, with a line for each of its parts; an import of one name stays."""
    head, parts, tail = found.group("head"), _PARTS.split(found.group("parts")), found.group("tail")
    if width(found.group()) <= WIDTH or (len(parts) == 1 and head.startswith("import")):
        return found.group()
    indent = " " * (len(head) - len(head.lstrip()))
    lines = ",\n".join(f"{indent}  {part.strip()}" for part in parts)
    return f"{head}\n{lines}{last}\n{indent}{tail}"


def markdown_table(rows: list[list[str]]) -> str:
    """A table of Markdown as the formatter aligns it; the first row is its head."""
    widths = [max(3, *(width(row[column]) for row in rows)) for column in range(len(rows[0]))]

    def line(cells: list[str]) -> str:
        filled = (cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True))
        return f"| {' | '.join(filled)} |"

    return "\n".join([line(rows[0]), line(["-" * wide for wide in widths]), *(line(row) for row in rows[1:])])
