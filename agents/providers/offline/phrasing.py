"""Puts 'must', 'should', lists of actions and sentences about one field into the words that the reading knows."""

from __future__ import annotations

import re

_SUBJECT = (
    r"(?:the |this |my )?(?:\w+ )?(?:(?:rest |web )?api|service|application|app|system|server|backend|it|tool|program|"
    r"page|site|users?|clients?|one|people|you|i)"
)
_MODAL = r"(?:must|should|shall|will|has to|have to|needs? to|can|could|may)"
_HAVE = re.compile(
    r"\b(?:must|should|shall|will|has to|have to|needs? to|could|can)\s+(?:also\s+|always\s+)?"
    r"(?P<verb>have|contain|include|belong)\b:?"
)
_ASKED = re.compile(rf"(?P<start>^|[.;,]\s+){_SUBJECT}\s+{_MODAL}\s+(?:also\s+|be able to\s+)*(?=[a-z])(?!be\b|have\b)")
_BARE_ASKED = re.compile(r"(?P<start>^|[.;]\s+)(?:must|should|could|won't|may) have:?\s+")
_LABELS = re.compile(
    r"(?P<start>^|[.;:,]\s+)(?:must|models?|entit(?:y|ies)|routes?|(?:api )?endpoints?|requirements?|features?|"
    r"resources?|response codes?|status codes?|(?:json |request )*body|(?:data )?model|schema):\s*"
)
_CRUD = r"(?:create|add|list|read|get|view|show|fetch|retrieve|update|edit|change|modify|delete|remove|store|save)"
_ACTIONS = re.compile(
    rf"(?P<start>^|[.;,:]\s+|\bto\s+|\band\s+){_CRUD}(?:\s*(?:,|/|and|or|&)+\s*{_CRUD})*\s+"
    r"(?:(?:an?|the|all|new|existing|single|one|specific|each|any)\s+)*"
    r"(?P<noun>[a-z]+(?: (?:item|entr(?:y|ie)|record)s?)?)"
    r"(?:\s+(?:by|with|via)\s+(?:its\s+|their\s+|an?\s+)?ids?)?(?=\s*(?:[.;,]|$))"
)
_ABOUT_FIELD = re.compile(
    r"(?P<start>^|[.;,]\s*|\band\s+)(?:the\s+|an?\s+|its\s+|their\s+|each\s+)?(?P<name>[a-z_]+(?: [a-z_]+)?)\s+"
    r"(?:(?:must|should|shall|has to|have to)\s+be|is|are)\s+(?P<mark>required|mandatory|optional|unique)\b"
    r"(?:\s+and\s+(?P<second>required|unique)\b)?"
)
_NOT_EMPTY = re.compile(
    r"(?:,?\s*\band\s+)?(?P<name>\b[a-z_]+)\s+(?:must|should|may|can) ?not be (?:empty|blank|null|missing)\b"
)
_TYPE = r"(?P<type>string|str|text|integer|int|number|float|decimal|boolean|bool|date|datetime|email|url)"
_DASHED = re.compile(rf"(?<=\w) - {_TYPE}\b(?: - (?P<mark>\w+))?")
_COLON_TYPE = re.compile(
    rf"(?<=\w):\s*{_TYPE}, (?P<mark>required|optional|unique|default \w+)"
    r"(?P<more>(?:, (?:required|optional|unique))*)\b"
)
_PARTED = re.compile(rf"\)\s*[;.]\s*(?=[a-z_ ]{{1,40}}\({_TYPE}\b)")
_LENGTH = re.compile(
    r"\s*\((?:max(?:imum)?|up to)\.? (?:200|length 200)(?: char(?:acter)?s)?\)|, max(?:imum)? 200 char(?:acter)?s"
)
_SHOWN = r"(?:have|include|contain|show)\b"


def plainly(text: str) -> tuple[str, dict[str, set[str]]]:
    """A normalised text of an API without modal verbs, and the marks that sentences give to fields by name."""
    marks: dict[str, set[str]] = {}

    def keep(found: re.Match[str]) -> str:
        groups = found.groupdict()
        said = {groups.get("mark") or "required", *([groups["second"]] if groups.get("second") else [])}
        marks.setdefault(found["name"].removeprefix("the ").strip().replace(" ", "_"), set()).update(said)
        return ". "

    text = _PARTED.sub("), ", _LENGTH.sub("", _DASHED.sub(_typed, _COLON_TYPE.sub(_typed, text))))
    text = _ABOUT_FIELD.sub(keep, _NOT_EMPTY.sub(keep, text))
    text = _HAVE.sub(lambda found: "belongs" if found["verb"] == "belong" else "have", text)
    text = _BARE_ASKED.sub(r"\g<start>fields: ", text)
    text = _ASKED.sub(r"\g<start>to ", _LABELS.sub(r"\g<start>", text))
    return _ACTIONS.sub(r". for \g<noun>", text), marks


def _typed(found: re.Match[str]) -> str:
    marks = [word for word in (found["type"], found["mark"]) if word]
    return f" ({', '.join(marks)}{found.groupdict().get('more') or ''})"


def without_modals(text: str) -> str:
    """A text about files or a page with 'reads' and 'with' in place of 'must read' and 'must have'."""
    page = r"(?:it|the page|page|the site)"
    text = re.sub(rf"\b{page} (?:must|should|shall|will) (?:also )?{_SHOWN}", "with", text)
    text = re.sub(rf"(?:\band|,) (?:must|should|shall) (?:also )?{_SHOWN}", ",", text)
    text = re.sub(r"\b(?:must|should|shall) (?:also )?(?:have|include|contain)\b:?", "with", text)
    return re.sub(r"\b(?:must|should|shall|(?:has|have|needs?) to)\s+(?:also )?(?!be\b)", "", text)
