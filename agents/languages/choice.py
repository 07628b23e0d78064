"""The language that a description plainly asks for, by its words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agents.languages.base import Toolchain

# 'in Go', 'written in Python', 'with Express' ask for it, and so does 'a Go service'; 'a book about Go' does not.
_ASKING = r"(?<![\w-])(?:in|using|with|on|by means of|based on)\s+(?:plain\s+|modern\s+|pure\s+)?"
_NO_SUBJECT = r"(?!-\w)(?!\s+(?:files?|code|syntax|source|books?|courses?|lessons?|developers?|engineers?)\b)"
_ARTICLE = r"(?<![\w-])(?:an?|the|small|simple|this|build|create|write|make|implement|develop)\s+"
_THING = (
    r"(?:\s+|-)(?:based\s+)?(?:\w+\s+){0,2}?"
    r"(?:apis?|app|apps|applications?|backends?|servers?|services?|clis?|tools?|scripts?|programs?|libraries|library|"
    r"packages?|modules?|utility|utilities|pages?|sites?|microservices?|commands?|projects?|bots?)\b"
)
_NOT = re.compile(r"(?:\b(?:no|not|never|without|except|instead of|rather than)\s+(?:\w+\s+)?)$", re.IGNORECASE)
# Ordinary sentences hold these words; with a capital letter they are names.
_CASED = {"go": ("Go", "GO")}


def language_named(text: str, toolchains: Mapping[str, Toolchain]) -> str:
    """The key of the language that the text asks for; '' when it names none, or several that do not fit together.

    Of several that share all the names, such as a framework's, the first is meant.
    """
    return named_among(text, {key: chain.words.names for key, chain in toolchains.items()})


def named_among(text: str, names: Mapping[str, tuple[str, ...]]) -> str:
    """The same among languages that are given as the names by which a text asks for them."""
    wanted: set[str] | None = None
    for name in sorted({name for own in names.values() for name in own}):
        if _asked(text, name):
            keys = {key for key, own in names.items() if name in own}
            wanted = keys if wanted is None else wanted & keys
    return next((key for key in names if key in (wanted or ())), "")


def _asked(text: str, name: str) -> bool:
    word = rf"(?P<name>{re.escape(name)})(?![\w+#])"
    for pattern in (_ASKING + word + _NO_SUBJECT, _ARTICLE + word + _THING):
        for found in re.finditer(pattern, text, re.IGNORECASE):
            negated = _NOT.search(text[: found.start()]) or _NOT.search(text[: found.start("name")])
            if not negated and found["name"] in _CASED.get(name, (found["name"],)):
                return True
    return False
