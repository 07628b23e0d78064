"""Turns the Markdown of a description into plain sentences and lists: headings, tables, ticks and stars."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGNS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__|`+")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(?P<text>.+?)\s*#*$")
_LABEL = re.compile(
    r"(?:(?:api|rest|http|available|data|database|the|functional|non-functional|technical|general|user|acceptance)\s+)*"
    r"(?:endpoints?|routes?|requirements?|descriptions?|overview|introduction|models?|entit(?:y|ies)|schemas?|features?|"
    r"resources?|options?|commands?|usage|notes?|goals?|tasks? to do|stor(?:y|ies)|criteria|behaviou?r|details|"
    r"specifications?|status codes|responses?|errors?|methods?)",
    re.IGNORECASE,
)
_KEPT_LABEL = re.compile(r"(?:\w+ )?(?P<what>fields?|attributes?|properties|columns?|sections?)", re.IGNORECASE)
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^[\s|:-]+$")
_NAME_CELLS = re.compile(r"(?:field|attribute|propert|column|section|name|key)", re.IGNORECASE)
_TYPE_CELLS = re.compile(
    r"(?:data ?)?(?:type|required|mandatory|unique|nullable|optional|default|constraint)", re.IGNORECASE
)
_METHOD = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)")
_YES = ("yes", "y", "true", "x", "✓", "✔", "✅")


@dataclass(frozen=True, slots=True)
class Plain:
    """The text without its markup, and the heading that it begins with, where there is one."""

    text: str
    title: str = ""


def without_markup(description: str) -> Plain:
    """Sentences and lists in place of Markdown; a text without any stays as it is."""
    lines = _SIGNS.sub("", description.replace("\r\n", "\n")).split("\n")
    out: list[str] = []
    title, index = "", 0
    while index < len(lines):
        line = lines[index]
        heading = _HEADING.match(line)
        if _ROW.match(line):
            end = next((i for i in range(index, len(lines)) if not _ROW.match(lines[i])), len(lines))
            out += _table(lines[index:end], labelled=bool(out) and out[-1].rstrip().endswith(":"))
            index = end
            continue
        if heading and not title and not any(part.strip() for part in out):
            title = heading["text"]
        elif heading:
            out.append(_headline(heading["text"]))
        elif line.strip() or not (out and out[-1].endswith(":")):
            out.append("" if _LABEL.fullmatch(line.strip(" :-*")) and line.strip() else line)
        index += 1
    return Plain("\n".join(out), title.strip(" .:"))


def _headline(text: str) -> str:
    """A heading as the label of what follows; '' where it only says what kind of text follows."""
    words = text.strip(" .:")
    kept = _KEPT_LABEL.fullmatch(words)
    if kept:
        return f"{kept['what'].lower()}:"
    return "" if _LABEL.fullmatch(words) else f"{words}:"


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _table(rows: list[str], *, labelled: bool) -> list[str]:
    """A table of fields or sections as a list, one of routes as lines, any other as the names of its columns."""
    cells = [_cells(row) for row in rows if not _RULE.match(row)]
    if not cells:
        return []
    head, body = cells[0], cells[1:]
    if any(_METHOD.fullmatch(cell) for row in body for cell in row):
        return [" ".join(_routed(row)) for row in body]
    about = bool(_NAME_CELLS.match(head[0])) and (len(head) == 1 or any(map(_TYPE_CELLS.match, head[1:])))
    section = head[0].lower().startswith("section")
    label = "" if labelled else "sections: " if section else "fields: " if about else "columns: "
    if not about and not section:
        return [label + ", ".join(head)]
    return [label + ", ".join(row[0] if section else _field(head, row) for row in body if row[0])]


def _routed(row: list[str]) -> list[str]:
    """The cells of a route's row, its method first."""
    method = [cell for cell in row if _METHOD.fullmatch(cell)]
    path = [cell for cell in row if cell.startswith("/")]
    return [*method, *path, *(cell for cell in row if cell not in (*method, *path))]


def _field(head: list[str], row: list[str]) -> str:
    """'isbn (string, required, unique)'."""
    marks: list[str] = []
    for name, value in zip((cell.lower() for cell in head[1:]), row[1:], strict=False):
        said = value.lower()
        yes = said in _YES
        if name.startswith(("type", "data")):
            marks.append(value)
        elif name.startswith(("required", "mandatory")):
            marks.append("required" if yes or said.startswith(("yes", "required")) else "optional")
            marks += ["unique"] if "unique" in said else []
        elif name.startswith(("optional", "nullable")):
            marks += ["optional"] if yes else []
        elif name.startswith("unique"):
            marks += ["unique"] if yes else []
        elif name.startswith("default") and value.strip("- \u2013"):
            marks.append(f"default {value}")
        elif name.startswith("constraint"):
            marks += re.findall(r"\b(?:unique|required|optional)\b", said)
    kept = [mark for mark in marks if mark]
    return f"{row[0]} ({', '.join(kept)})" if kept else row[0]
