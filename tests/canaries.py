"""Secrets to look for: the forms in which they are sent out, and a search that undoes them by none of our own code."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, unquote

from django.utils.html import json_script

SIZE = 8
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "inside a word": lambda secret: f"x{secret}y",
    "upper case": str.upper,
    "URL": lambda secret: quote(secret, safe=""),
    "URL, every character": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "URL, twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "URL with small letters": lambda secret: quote(secret, safe="").lower(),
    "path of a URL": quote,
    "HTML": html.escape,
    "HTML numbers": lambda secret: "".join(f"&#{ord(char)};" for char in secret),
    "HTML numbers in hexadecimal": lambda secret: "".join(f"&#x{ord(char):X};" for char in secret),
    "JSON": lambda secret: json.dumps({"key": secret}),
    "JSON inside of JSON": lambda secret: json.dumps(json.dumps({"key": secret})),
    "JSON with escaped slashes": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "JSON in a page": lambda secret: str(json_script({"key": secret})),
    "JSON, every character": lambda secret: "".join(f"\\u{ord(char):04x}" for char in secret),
    "source code": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 after one byte": lambda secret: base64.b64encode(b"x" + secret.encode() + b"yz").decode(),
    "base64 after two bytes": lambda secret: base64.b64encode(b"xx" + secret.encode() + b"y").decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "base64 over several lines": lambda secret: "\n".join(re.findall(".{1,12}", FORMS["base64"](secret))),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "hexadecimal in capitals": lambda secret: secret.encode().hex().upper(),
    "hexadecimal in pairs": lambda secret: secret.encode().hex(" "),
    "cut by colours": lambda secret: "\x1b[1;31m".join(secret),
    "base64 cut by a colour": lambda secret: "\x1b[0m".join(re.findall(".{1,9}", FORMS["base64"](secret))),
    "cut by colours in JSON": lambda secret: json.dumps("\x1b[1;31m".join(secret)),
    "cut by line breaks": lambda secret: "\n".join(re.findall(".{1,5}", secret)),
    "cut by line breaks in JSON": lambda secret: json.dumps("\n".join(re.findall(".{1,5}", secret))),
    "cut by characters without width": lambda secret: "\u200b".join(secret),
    "UTF-16": lambda secret: "\x00".join(secret),
}
_NO_WIDTH = re.compile("[\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2060\ufeff\ufffd]")
_COLOUR = re.compile("\x1b\\[[0-9;]*[A-Za-z]")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def shown(text: str, secret: str) -> str:
    """A part of the secret, longer than the end that may be shown, that somebody who knows all forms finds; else ''."""
    return next(iter(all_shown(text, {"": secret}).values()), "")


def all_shown(text: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """The same for several secrets at once: the part by the name of its secret."""
    parts = {
        name: [secret[start : start + SIZE].lower() for start in range(len(secret) - SIZE + 1)]
        for name, secret in secrets.items()
    }
    found: dict[str, str] = {}
    for reading in _readings(text):
        lowered = reading.lower()
        for name in parts.keys() - found.keys():
            part = next((part for part in parts[name] if part in lowered), "")
            if part:
                found[name] = part
    return found


def _readings(text: str) -> Iterator[str]:
    for undone in (text, *_twice(unquote, text), *_twice(html.unescape, text), *_twice(_unescaped, text)):
        plain = _NO_WIDTH.sub("", _COLOUR.sub("", undone))
        yield undone
        yield plain
        yield from _decoded(plain)
    yield from _decoded(text)


def _twice(undo: Callable[[str], str], text: str) -> tuple[str, ...]:
    once = undo(text)
    return () if once == text else (once, undo(once))


def _unescaped(text: str) -> str:
    """Escapes of JSON and of source code undone; what is none stays."""
    return re.sub(
        r"""\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([nrtbf])|(["'/\\]))""",
        lambda m: _LETTERS[m[3]] if m[3] else m[4] or chr(int(m[1] or m[2], 16)),
        text,
    )


def _decoded(text: str) -> Iterator[str]:
    for word in re.findall(r"[A-Za-z0-9+/_-]{9,}", text):
        for start in range(4):
            cut = word[start:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(cut[: len(cut) // 4 * 4]).decode("latin-1")
    for word in re.findall(r"[0-9A-Fa-f]{8,}", text):
        for start in range(2):
            cut = word[start:]
            yield bytes.fromhex(cut[: len(cut) // 2 * 2]).decode("latin-1")
