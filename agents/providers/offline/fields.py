"""Reads one field ('an optional due date', 'price (number)', 'done flag') into a name and a type."""

from __future__ import annotations

import keyword
import re
from dataclasses import replace

from pydantic import BaseModel

from agents.providers.offline.blueprints.base import EntityField, FieldType
from agents.providers.offline.words import identifier, plain, singular

MAX_FIELD_WORDS = 4

RESERVED = frozenset(
    {"id", "created_at", "updated_at", "limit", "offset", "q", "sort", "total", "items", "dt", "self", "cls", "rowid"}
    | {"str", "int", "float", "bool", "list", "object", "classmethod", "property"}
    | {name for name in dir(BaseModel) if not name.startswith("_")}
    | {"none", "true", "false"}
)
"""Names that the written application uses itself."""

GIVEN = frozenset({"id", "ids", "created_at", "updated_at", "created", "updated", "timestamps"})
"""Fields that every stored thing has anyway."""

TYPE_WORDS: dict[str, FieldType] = {
    "text": "text",
    "string": "text",
    "str": "text",
    "long text": "long_text",
    "multiline text": "long_text",
    "integer": "integer",
    "int": "integer",
    "whole number": "integer",
    "number": "number",
    "float": "number",
    "decimal": "number",
    "money": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "flag": "boolean",
    "yes/no": "boolean",
    "true/false": "boolean",
    "checkbox": "boolean",
    "date": "date",
    "datetime": "datetime",
    "timestamp": "datetime",
    "date and time": "datetime",
    "email": "email",
    "e-mail": "email",
    "url": "url",
    "link": "url",
    "tags": "tags",
    "list": "tags",
    "list of strings": "tags",
    "list of text": "tags",
}

_UNITS: dict[str, FieldType] = {
    **dict.fromkeys(("seconds", "minutes", "hours", "days", "weeks", "months", "years"), "integer"),
    **dict.fromkeys(("mm", "cm", "m", "km", "g", "kg", "ml", "l", "meters", "metres", "miles", "grams"), "number"),
    **dict.fromkeys(("liters", "litres", "eur", "euro", "euros", "usd", "dollars", "gbp", "pounds"), "number"),
    **dict.fromkeys(("%", "percent", "celsius", "fahrenheit", "degrees", "watts", "volts", "cents"), "number"),
}
"""Units that are said in place of a type ('weight (kg)')."""
_UNIT_ENDINGS = {kind: "|".join(unit for unit, of in _UNITS.items() if of == kind) for kind in ("integer", "number")}
_BY_NAME: tuple[tuple[FieldType, str], ...] = (
    ("text", r"(ip|mac)_address|.+_code|.+_status"),
    ("integer", rf".*_in_({_UNIT_ENDINGS['integer']})|year_.*|.*_year|.*_age"),
    ("number", rf".*_in_({_UNIT_ENDINGS['number']})"),
    (
        "boolean",
        r"(is|has|can)_.*|.*_flag|done|completed?|active|published|available|in_stock|paid|archived|read|"
        r"favou?rite|finished|enabled|verified|public|private|returned|urgent|shipped|approved|closed|"
        r"watched|owned|booked",
    ),
    ("datetime", r".*_at|.*time|.*timestamp|timestamp|datetime|start|end|starts|ends"),
    ("date", r"(.*_)?date|.*_on|.*_day|birthday|deadline|due|day"),
    ("email", r"(.*_)?e?_?mail(_address)?|email"),
    ("url", r"(.*_)?(url|link|website|homepage|uri)|image|photo|avatar|cover|picture|thumbnail"),
    ("tags", r"(.*_)?(tags|labels|keywords|ingredients|skills|genres|categories|topics|languages|allergens|aliases)"),
    (
        "integer",
        r"(number|count)_of_.*|.*_(count|id)|quantity|count|stock|year|age|rating|stars|pages|capacity|servings|"
        r"minutes|hours|seconds|days|position|level|score|points|calories|mileage|rank|guests|seats|rooms|population|"
        r"humidity|floor|votes|likes|views|reps|sets|duration|page_count|beds|bedrooms|bathrooms|doors|"
        r"wheels|employees|episodes|seasons|priority_number|quantity_.*|stock_.*|.*_quantity",
    ),
    (
        "number",
        r"(.*_)?(price|cost|amount|total|weight|height|width|length|size|latitude|longitude|temperature|salary|"
        r"balance|distance|percentage|percent|budget|fee|tax|discount|value|speed|pressure|precipitation|"
        r"area|volume|wage|"
        r"budget|km|kg|kcal|hours_worked)|temperature_.*|precipitation_.*|price_.*",
    ),
    (
        "long_text",
        r"(.*_)?(description|notes?|content|body|text|comment|summary|bio|biography|instructions|message|review|"
        r"steps|details|abstract|address|feedback|remarks?|excerpt|lyrics|plot|synopsis)|code",
    ),
)
_OFTEN_MISSING = frozenset(
    {"phone", "phone_number", "category", "color", "colour", "location", "nickname", "genre", "isbn"}
)
_ARTICLES = r"^(?:an?|the|its?|their|each|one|some|several|many|multiple|and|or|also|as well as)\s+"
_TYPE_AFTER = re.compile(r"\s*(?:\(([^()]*)\)|:\s*([a-z/ -]+)|\s+as\s+(?:an?\s+)?([a-z/ -]+))\s*$")
_DEFAULT = re.compile(r",?\s*\bdefault(?:s|ing)?(?: is| to|:|=)?\s+\"?([\w.-]+)\"?")
_MARKS = re.compile(r"\b(optional|required|mandatory|unique|optionally)\b")


_NOT_SEVERAL = re.compile(r"(.*_)?(status|address|series|lens|gas|canvas|atlas|alias|bias|kudos|terms)")
_COMPUTED = re.compile(r"^(?:average|mean|median|total|sum of|number of) .* per ")
_BOUND = re.compile(
    r"\b(?:at (?:least|most)|(?:greater|less|more|fewer|older|younger) than|one of|either|between|from -?\d+|up to|"
    r"out of \d+|max(?:imum)? \d+|min(?:imum)? \d+|positive|non-?negative)\b"
)


def guessed_type(name: str) -> FieldType:
    """The type that a field's name suggests; text when it suggests none."""
    return next((kind for kind, pattern in _BY_NAME if re.fullmatch(pattern, name)), "text")


def read_field(text: str) -> EntityField | None:
    """One field from its words; None when they are not a field's name (empty, too many words, an odd default)."""
    phrase = plain(text).strip(" .;!?\"'`")
    marks = set(_MARKS.findall(phrase))
    given = _DEFAULT.search(phrase)
    phrase, stated = _stated_type(_MARKS.sub(" ", _DEFAULT.sub(" ", phrase)))
    phrase = _without_articles(phrase)
    name = identifier(phrase, RESERVED)
    if not name or len(phrase.split()) > MAX_FIELD_WORDS or _COMPUTED.search(phrase) or _BOUND.search(phrase):
        return None
    guessed = guessed_type(_as_said(phrase))
    several = guessed == "text" and not stated and _names_several(phrase)
    made = _with_defaults(name, stated or ("tags" if several else guessed))
    if given and not _fits(given.group(1), made.type):
        return None
    if given:
        made = replace(made, required=False, default=given.group(1).replace("yes", "true").replace("no", "false"))
    return _marked(made, marks)


def _names_several(phrase: str) -> bool:
    """Whether a field's name is a plural, so that it holds a list of texts ('grape varieties')."""
    last = phrase.split()[-1]
    return singular(last) != last and not _NOT_SEVERAL.fullmatch(last)


def _as_said(phrase: str) -> str:
    """The field's name before it was changed because Python keeps the word for itself ('class')."""
    name = identifier(phrase)
    word = name.removesuffix("_value")
    return word if keyword.iskeyword(word) else name


def tells_type(text: str) -> bool:
    """Whether words in parentheses are about one field: its type, a default, whether it is needed; nothing else."""
    parts = [part.strip() for part in text.split(",")]
    return all(
        part in TYPE_WORDS or part in _UNITS or _DEFAULT.fullmatch(part) or _MARKS.fullmatch(part) for part in parts
    )


def _marked(made: EntityField, marks: set[str]) -> EntityField:
    if marks & {"optional", "optionally"}:
        made = replace(made, required=False)
    if marks & {"required", "mandatory"}:
        made = replace(made, required=True, default=None)
    return replace(made, unique="unique" in marks)


def _fits(default: str, kind: FieldType) -> bool:
    """Whether a default in words is a value of the type; only flags, numbers and texts can have one."""
    patterns = {
        "boolean": r"true|false|yes|no",
        "integer": r"-?\d{1,9}",
        "number": r"-?\d{1,9}(?:\.\d{1,6})?",
        "text": r".{1,24}",
    }
    return kind in patterns and re.fullmatch(patterns[kind], default) is not None


def _without_articles(phrase: str) -> str:
    previous = ""
    phrase = " ".join(phrase.split())
    while previous != phrase:
        previous, phrase = phrase, re.sub(_ARTICLES, "", phrase)
    return re.sub(r"\s+(?:fields?|columns?|attributes?|propert(?:y|ies))$", "", phrase)


def _stated_type(phrase: str) -> tuple[str, FieldType | None]:
    """The phrase without its type, and the type where one is stated ('price (number)', 'done flag')."""
    found = _TYPE_AFTER.search(phrase)
    if found:
        words = next(group for group in found.groups() if group is not None)
        parts = (" ".join(re.sub(r"^\s*an?\s", "", part).split()) for part in words.split(","))
        known = {**_UNITS, **TYPE_WORDS}
        stated = sorted((part for part in parts if part in known), key=lambda part: part in _UNITS)
        return phrase[: found.start()], known[stated[0]] if stated else None
    first, _, last = " ".join(phrase.split()).rpartition(" ")
    if first and last in ("flag", "boolean", "integer", "bool", "int", "float", "decimal", "string", "checkbox"):
        return first, TYPE_WORDS[last]
    return phrase, None


def _with_defaults(name: str, kind: FieldType) -> EntityField:
    """What is usual for a type: flags are off, lists empty, dates and long texts may be missing."""
    if kind == "boolean":
        return EntityField(name, kind, required=False, default="false")
    missing_is_usual = kind in ("tags", "datetime", "long_text") or (kind == "date" and name != "date")
    return EntityField(name, kind, required=not missing_is_usual and name not in _OFTEN_MISSING)
