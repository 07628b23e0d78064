"""The forms in which a secret may stand in a text, and how each of them is found."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

SHORTEST_SECRET = 8
LONGEST_WORD = 15
SHOWN_FROM = 12
LONGEST_CUT, LONGEST_ESCAPE = 2_000, 14

# What may stand between two characters of a secret without making it unreadable: sequences of a terminal, white
# space, control characters, and characters that have no width.
_SEQUENCE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z])"
_UNSEEN = (*range(0x21), *range(0x7F, 0xA1), 0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F))
_UNSEEN += (*range(0x2060, 0x206A), 0xFEFF, 0xFFFD)
_CLASS = "".join(re.escape(chr(code)) for code in _UNSEEN)
_WRITTEN_UNSEEN = (
    r"\\+(?:[nrtbf]|x[01][0-9a-f]|u00[01][0-9a-f]|u00a[0d]|u200[b-f]|u202[8-e]|u206[0-9]|ufeff|ufffd)"
    r"|%(?:25)*[01][0-9a-f]|&(?:amp;)*#(?:x0*[01]?[0-9a-f]|x0*200[b-f]|0*[0-9]|0*[12][0-9]|0*3[01]);"
)
_WRITTEN_SEQUENCE = r"(?:\\+(?:u001b|x1b|033|e)|%(?:25)*1b|&(?:amp;)*#(?:27|x1b);)\[[0-?]*[ -/]*[@-~]"
_BETWEEN = f"(?:{_SEQUENCE}|{_WRITTEN_SEQUENCE}|[{_CLASS}]|{_WRITTEN_UNSEEN})*"
_SEQUENCES = re.compile(_SEQUENCE)
_WITHOUT_UNSEEN = dict.fromkeys(_UNSEEN)

# Characters as URLs, HTML and source code write them, also when that was done several times over.
_ESCAPED = re.compile(
    r"%(?:25)*(?P<url>[0-9a-f]{2})|&(?:amp;)*#(?:0*(?P<number>\d{1,6})|x0*(?P<hex>[0-9a-f]{1,5}));"
    r"|&(?:amp;)*(?P<name>amp|lt|gt|quot|apos);|\\+(?:u00|x)(?P<code>[0-9a-f]{2})|\\+u(?P<wide>[0-9a-f]{4})"
    r"""|\\+(?P<white>[nrtbf])|\\+(?P<octal>0[0-3][0-7])|\\+(?P<mark>["'/])""",
    re.IGNORECASE,
)
_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


class Form(NamedTuple):
    """A form of a secret, and the same in small letters, by which it is looked for."""

    text: str
    sought: str


def is_secret(text: str) -> bool:
    """Whether a value can be told from ordinary words, which must stay where they stand in code and prose."""
    return len(text) >= SHORTEST_SECRET and not (
        len(text) <= LONGEST_WORD and re.fullmatch(r"[a-z]+(?:[-_ ][a-z]+)*", text)
    )


@lru_cache(maxsize=16)
def forms_of(secrets: frozenset[str]) -> tuple[Form, ...]:
    """Every form of some secrets; longest first, so that none is cut by a shorter one inside it."""
    forms = {form for secret in secrets if is_secret(secret) for form in _forms(secret)}
    return tuple(Form(form, _bare(form)) for form in sorted(forms, key=len, reverse=True))


def readings(text: str) -> tuple[str, ...]:
    """The text in small letters as somebody would read it: without what is not seen, and with escapes undone."""
    plain = _bare(text)
    if not _ESCAPED.search(text):
        return (plain,)
    return plain, _bare(_ESCAPED.sub(_unescaped, text))


@lru_cache(maxsize=512)
def pattern(form: str) -> re.Pattern[str]:
    """A form in either case, each character plain or escaped, with anything unseen between them."""
    return re.compile(_BETWEEN.join(map(_written, form)), re.IGNORECASE)


def without_cut_end(text: str, forms: Iterable[Form]) -> str:
    """The text without the beginning of a form that it ends with, perhaps in the middle of an escape."""
    end = text[-LONGEST_CUT:]
    for dropped in range(LONGEST_ESCAPE):
        kept = end[: len(end) - dropped]
        for reading in readings(kept):
            for form in forms:
                part = next((part for part in _beginnings(form.sought) if reading.endswith(part)), "")
                found = part and re.search(rf"{pattern(part).pattern}{_BETWEEN}\Z", kept, re.IGNORECASE)
                if found:
                    return f"{text[: len(text) - len(end) + found.start()]}***"
    return text


def without_cut_beginning(text: str, forms: Iterable[Form]) -> str:
    """The text without the end of a form that it begins with, perhaps in the middle of an escape."""
    beginning = text[:LONGEST_CUT]
    for dropped in range(LONGEST_ESCAPE):
        kept = beginning[dropped:]
        for reading in readings(kept):
            for form in forms:
                part = next((part for part in _ends(form.sought) if reading.startswith(part)), "")
                found = part and re.match(f"{_BETWEEN}{pattern(part).pattern}", kept, re.IGNORECASE)
                if found:
                    return f"***{text[dropped + found.end() :]}"
    return text


@lru_cache(maxsize=512)
def _beginnings(form: str) -> tuple[str, ...]:
    return tuple(form[:size] for size in range(len(form), SHORTEST_SECRET - 1, -1))


@lru_cache(maxsize=512)
def _ends(form: str) -> tuple[str, ...]:
    return tuple(form[-size:] for size in range(len(form), SHORTEST_SECRET - 1, -1))


def shortened(found: str) -> str:
    """What is shown in place of a secret: the end of it, of one that is long enough."""
    seen = _SEQUENCES.sub("", _ESCAPED.sub(_unescaped, found)).translate(_WITHOUT_UNSEEN)
    end = re.sub(r"[^A-Za-z0-9]", "", seen[-4:]) if len(seen) >= SHOWN_FROM else ""
    return f"***{end}"


def _bare(text: str) -> str:
    if "\x1b" in text:
        text = _SEQUENCES.sub("", text)
    return text.translate(_WITHOUT_UNSEEN).lower()


def _unescaped(found: re.Match[str]) -> str:
    kind, value = next((kind, value) for kind, value in found.groupdict().items() if value is not None)
    if kind in ("mark", "white"):
        return value if kind == "mark" else ""
    if kind == "name":
        return html.unescape(f"&{value.lower()};")
    base = {"number": 10, "octal": 8}.get(kind, 16)
    return chr(int(value, base))


def _written(char: str) -> str:
    """A character plain or escaped."""
    code = ord(char)
    if code > 0x7F:
        return re.escape(char)
    escapes = [rf"%(?:25)*{code:02x}", rf"&(?:amp;)*#(?:0*{code}|x0*{code:x});", rf"\\+(?:u00|x){code:02x}"]
    if char in _NAMES:
        escapes.append(rf"&(?:amp;)*{_NAMES[char]};")
    if char in "\"'/":
        escapes.append(rf"\\+{char}")
    return f"(?:{'|'.join((re.escape(char), *escapes))})"


def _forms(secret: str) -> set[str]:
    """A secret as it may turn up; the escapes of URLs, HTML and JSON are undone where it is looked for."""
    forms = {secret, secret.encode().hex(), *_base64_forms(secret.encode())}
    if not secret.isascii():
        # These are escaped byte by byte, or by pairs of numbers.
        forms |= {quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
    return forms


def _base64_forms(raw: bytes) -> Iterator[str]:
    """In base64 by itself, and what is always the same of it when other bytes stand before and after it."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for before in range(3):
            encoded = encode(bytes(before) + raw).decode()
            yield encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
