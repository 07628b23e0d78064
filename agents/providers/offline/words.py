"""Words of a description: singular and plural, and identifiers that are safe in Python, SQL and URLs."""

from __future__ import annotations

import keyword
import re
import unicodedata

IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "criteria": "criterion",
    "indices": "index",
    "analyses": "analysis",
    "movies": "movie",
    "cookies": "cookie",
    "shoes": "shoe",
    "heroes": "hero",
    "potatoes": "potato",
    "tomatoes": "tomato",
    "courses": "course",
    "houses": "house",
    "warehouses": "warehouse",
    "leaves": "leaf",
    "shelves": "shelf",
    "lives": "life",
    "quizzes": "quiz",
    "expenses": "expense",
    "purchases": "purchase",
    "responses": "response",
    "licenses": "license",
    "databases": "database",
    "exercises": "exercise",
    "nurses": "nurse",
    "horses": "horse",
    "cases": "case",
    "releases": "release",
    "leases": "lease",
    "phases": "phase",
    "phrases": "phrase",
    "vases": "vase",
    "verses": "verse",
    "causes": "cause",
    "clauses": "clause",
    "invoices": "invoice",
    "caches": "cache",
    "ties": "tie",
    "pies": "pie",
    "buses": "bus",
}
PLURALS = {singular: plural for plural, singular in IRREGULAR.items()}
UNCHANGED = frozenset(
    {
        "news",
        "data",
        "series",
        "species",
        "equipment",
        "inventory",
        "stock",
        "weather",
        "media",
        "feedback",
        "music",
        "staff",
    }
)
_ENDINGS_ES = ("ches", "shes", "sses", "xes", "zes")
MAX_IDENTIFIER = 40


def singular(word: str) -> str:
    """The singular of one lower-case English word, by rules and a table of exceptions."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word in UNCHANGED or len(word) < 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(_ENDINGS_ES):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def plural(word: str) -> str:
    """The plural of one lower-case English word."""
    if word in PLURALS:
        return PLURALS[word]
    if word in UNCHANGED:
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    return f"{word}s"


def plain(text: str) -> str:
    """Text in lower case ASCII as far as accents go ('Café' becomes 'cafe'); other signs stay."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def identifier(text: str, reserved: frozenset[str] = frozenset()) -> str:
    """A snake_case identifier from any text, never a keyword and never a reserved name; '' when nothing is left."""
    name = snake_case(text)
    return f"{name}_value" if keyword.iskeyword(name) or name in reserved else name


def snake_case(text: str) -> str:
    """Lower-case ASCII words joined by underscores, a letter first; '' when nothing is left. May be a keyword."""
    words = re.findall(r"[a-z0-9]+", plain(text).replace("'s ", " "))
    name = "_".join(words)[:MAX_IDENTIFIER].strip("_")
    if not name:
        return ""
    return f"n_{name}" if name[0].isdigit() else name


def class_name(name: str) -> str:
    """CamelCase from a snake_case identifier."""
    return "".join(part.capitalize() for part in name.split("_"))


def spoken(name: str) -> str:
    """A snake_case identifier as words."""
    return name.replace("_", " ")


def with_article(words: str) -> str:
    """'a todo', 'an order': by the first letter, and a few words that sound different."""
    vowel = words[:1] in "aeio" or (
        words.startswith(("un", "up", "um", "ur", "us")) and not words.startswith(("uni", "use", "usa", "usu"))
    )
    return f"{'an' if vowel else 'a'} {words}"
