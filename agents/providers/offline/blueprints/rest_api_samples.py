"""Values for tests, examples and probes of the REST API: one that fits, a larger one, and one that must be refused."""

from __future__ import annotations

from agents.providers.offline.blueprints.base import EntityField
from agents.providers.offline.words import spoken

_SAMPLES: dict[str, object] = {
    "long_text": "A longer text about it.",
    "integer": 3,
    "number": 12.5,
    "boolean": True,
    "date": "2026-05-17",
    "datetime": "2026-05-17T09:30:00Z",
    "email": "ada@example.com",
    "url": "https://example.com/first",
    "tags": ["first", "second"],
}
LOWER: dict[str, object] = {"number": 1.0, "date": "2020-02-29", "datetime": "2020-02-29T00:00:00Z"}
"""Values below the samples of types that have a range."""
_OTHERS: dict[str, object] = {
    "long_text": "Another text.",
    "integer": 4,
    "number": 99.5,
    "boolean": False,
    "date": "2027-01-31",
    "datetime": "2027-01-31T18:00:00Z",
    "email": "grace@example.com",
    "url": "https://example.com/second",
    "tags": ["third"],
}
_BAD: dict[str, object] = {
    "text": "",
    "long_text": 7,
    "integer": "many",
    "number": "much",
    "boolean": "perhaps",
    "date": "31.12.2026",
    "datetime": "yesterday",
    "email": "no-address",
    "url": "ftp://example.com",
    "tags": "first",
}
_WORDS = {
    "city": ("Berlin", "Lisbon"),
    "country": ("Germany", "Portugal"),
    "category": ("home", "work"),
    "author": ("Ada Lovelace", "Grace Hopper"),
    "customer": ("Ada Lovelace", "Grace Hopper"),
    "name": ("Ada", "Grace"),
    "status": ("open", "shelved"),
    "priority": ("high", "low"),
    "currency": ("EUR", "USD"),
    "genre": ("comedy", "drama"),
    "phone": ("+351 21 987654", "+49 30 123456"),
    "conditions": ("rain", "sunny"),
}


def sample_value(field: EntityField) -> object:
    """A value that fits, as JSON; 1 for the id of another thing."""
    if field.references:
        return 1
    return _SAMPLES.get(field.type) or _WORDS.get(field.name, (f"First {_short(field)}",))[0]


def other_value(field: EntityField) -> object:
    """Another value that fits: larger than the sample where values have an order."""
    if field.references:
        return 2
    if field.type == "boolean":
        return False
    return _OTHERS.get(field.type) or _WORDS.get(field.name, ("", f"Second {_short(field)}"))[1]


def _short(field: EntityField) -> str:
    return " ".join(spoken(field.name).split()[-2:])[-24:].strip()


def bad_value(field: EntityField) -> object:
    """A value that must be refused with 422."""
    return _BAD[field.type]


def python_default(field: EntityField) -> object:
    """The default as a Python value; None where there is none, [] for lists that may be left out."""
    if field.type == "tags":
        return None if field.required else []
    if field.default is None:
        return None
    if field.type == "boolean":
        return field.default == "true"
    if field.type == "integer":
        return int(field.default)
    return float(field.default) if field.type == "number" else field.default
