"""Names in Go, and text as gofmt leaves it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache

from jinja2 import Environment

from agents.providers.offline.rendering import environment, one_line

_INITIAL_WORDS = "api cpu css dns html http https id ip isbn json sku sql tls ttl ui uid uri url uuid vat vm xml"
_PLATFORM_WORDS = """
    aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos
    amd64 arm arm64 loong64 mips mips64 ppc64 riscv riscv64 s390x sparc wasm test unix
"""
_TAKEN_WORDS = """
    all archive arena bufio builtin bytes cmd cmp compress container context crypto database debug embed encoding errors
    expvar flag fmt go hash html image index internal io iter log main maps math mime net os path plugin reflect regexp
    runtime slices sort std strconv strings structs sync syscall test testing text time tool unicode unique unsafe
    vendor weak work
"""
_INITIALS, _PLATFORMS = frozenset(_INITIAL_WORDS.split()), frozenset(_PLATFORM_WORDS.split())
# What the command 'go' and its standard library keep for themselves.
_TAKEN = frozenset(_TAKEN_WORDS.split())
MAX_MODULE = 40


def exported(name: str) -> str:
    """CamelCase from a snake_case identifier, as Go writes it ('author_id' becomes 'AuthorID')."""
    return "".join(part.upper() if part in _INITIALS else part.capitalize() for part in name.split("_"))


def unexported(name: str) -> str:
    """The same with a small letter first."""
    first, *rest = name.split("_")
    return first + exported("_".join(rest))


def distinct(names: Iterable[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """An exported name for each snake_case name; a number follows where two would be the same."""
    found: dict[str, str] = {}
    used = set(taken)
    for name in names:
        made, number = exported(name), 2
        while made in used:
            made, number = f"{exported(name)}{number}", number + 1
        used.add(made)
        found[name] = made
    return found


def file_stem(name: str) -> str:
    """A file's name without its ending that Go takes neither for a test nor for a platform's file."""
    return f"{name}_items" if "_" in name and name.rsplit("_", 1)[-1] in _PLATFORMS else name


def module_name(slug: str) -> str:
    """A module path and command name from a snake_case name: as many whole words as there is room for."""
    words = slug.strip("_").split("_")
    while len(words) > 1 and len("-".join(words)) > MAX_MODULE:
        words.pop()
    name = "-".join(words)[:MAX_MODULE]
    return f"{name}-app" if name in _TAKEN else name


def go_string(text: str) -> str:
    """A string of Go on one line."""
    return json.dumps(one_line(text), ensure_ascii=False)


def go_text(text: str) -> str:
    """A string of Go that keeps its lines, for texts of ours."""
    return json.dumps(text, ensure_ascii=False)


def raw_json(value: object) -> str:
    """JSON as a raw string of Go."""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if "`" not in text else json.dumps(text, ensure_ascii=False)


def columns(rows: Iterable[Sequence[str]], indent: str = "\t") -> str:
    """Lines of cells, padded as gofmt pads the fields of a struct."""
    lines = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in lines) for at in range(len(lines[0]) - 1)] if lines else []
    padded = (
        " ".join([*(cell.ljust(size) for cell, size in zip(row, widths, strict=False)), row[-1]]) for row in lines
    )
    return "\n".join(f"{indent}{line}" for line in padded)


def keyed(pairs: Iterable[tuple[str, str]], indent: str = "\t") -> str:
    """Lines 'key: value,' of a literal, padded as gofmt pads them."""
    return columns([(f"{key}:", f"{value},") for key, value in pairs], indent)


@cache
def go_environment(folder: str) -> Environment:
    """The templates of a folder below this one, with the filters for Go."""
    made = environment(f"go/{folder}")
    made.filters.update(go=go_string, gotext=go_text, rawjson=raw_json, exported=exported, unexported=unexported)
    made.globals.update(columns=columns, keyed=keyed)
    return made


def go_file(text: str) -> str:
    """A source with one empty line at most, and none at its end."""
    lines: list[str] = []
    for line in text.rstrip("\n").split("\n"):
        if line or (lines and lines[-1]):
            lines.append(line.rstrip() if not line.strip() else line)
    return "\n".join(lines) + "\n"
