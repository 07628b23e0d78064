"""The one edge where text from people becomes text that is stored."""

from __future__ import annotations

import re
import unicodedata

from django.template.defaultfilters import filesizeformat

# Control characters but tab and newline, the byte order mark, direction overrides, and lone surrogates.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The text in NFC with plain newlines, without characters that nobody means to type; ends are trimmed."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", plain)).strip()


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: only spaces, format characters and the like."""
    return all(unicodedata.category(char) in {"Cf", "Cc", "Cn", "Zs", "Zl", "Zp", "Mn"} for char in text)


def storable(value: object) -> object:
    """A JSON value with NUL and lone surrogates replaced: no database takes those."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("\ufffd", str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def title_from(text: str, limit: int = 60) -> str:
    """A short name from a description: its first words, cut between two of them."""
    words = " ".join(text.split())
    if len(words) <= limit:
        return words
    return words[: limit + 1].rsplit(" ", 1)[0][:limit].rstrip(",.;:") + "…"


def size_in_words(count: int) -> str:
    """So many bytes in the largest unit that fits, of 1,024 of the one below: 72.5 GB."""
    return filesizeformat(count).replace("\xa0", " ")
