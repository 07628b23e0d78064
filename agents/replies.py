"""Files in a model's reply: whole files and edits between markers that hold a random word, the nonce."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from agents.errors import ReplyError, WorkspaceError
from agents.types import MODE_EXECUTABLE, MODE_FILE, SourceFile
from agents.workspace import safe_relpath

MAX_BYTES = 4 * 1024 * 1024
MAX_MARKER = 600
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`]*)$")
_MODE = re.compile(r"^[0-7]{3,6}$")
# Kinds of text that may well consist of a fence; in every other file a fence around everything is a wrapper.
_PROSE = {".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt", ".csv", ".tsv", ".log", ".j2", ".jinja", ".tmpl"}
_REQUIREMENTS = re.compile(r"^(requirements|constraints)[\w.-]*\.txt$")


@dataclass(frozen=True, slots=True)
class Edit:
    """One search and replacement in a file that is there."""

    search: str
    replace: str


@dataclass(frozen=True)
class FileReply:
    """What a reply holds. ``unclosed`` is the path (or cut marker) whose end never came, '' when all are whole."""

    files: tuple[SourceFile, ...] = ()
    edits: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    unclosed: str = ""


def parse_files(text: str, nonce: str) -> FileReply:
    """Read all blocks of a reply; what stands outside of them is ignored.

    Raises ReplyError for whatever leaves in doubt what belongs into which file.
    """
    if len(text) > MAX_BYTES:
        raise ReplyError("The reply is longer than 4 MiB. Answer with the files only, fewer at a time.")
    parser = _Parser(nonce)
    text = text.encode("utf-8", errors="replace").decode()
    # Only line feeds end lines: a form feed or U+2028 inside a file must stay inside its line.
    *lines, last = text.split("\n")
    for line in lines:
        parser.take(line)
    parser.take(last, is_last=True)
    edits = {path: tuple(pairs) for path, pairs in parser.edits.items()}
    return FileReply(tuple(parser.files.values()), edits, parser.unclosed)


@dataclass(frozen=True, slots=True)
class _Marker:
    """A marker at the end of a line: what stands before it, its word, and what follows the nonce."""

    before: str
    word: str
    rest: str
    carriage: bool


@dataclass(slots=True)
class _Block:
    """A file or an edit whose END has not come yet. Each part is SEARCH, REPLACE or the start, and its lines."""

    path: str
    opened: _Marker
    mode: int = MODE_FILE
    final_newline: bool = True
    parts: list[tuple[str, list[str]]] = field(default_factory=lambda: [("", [])])


class _Parser:
    """Goes through a reply line by line."""

    def __init__(self, nonce: str) -> None:
        self.files: dict[str, SourceFile] = {}
        self.edits: dict[str, list[Edit]] = {}
        self._nonce, self._cut, self._closed = nonce, "", ""
        self._block: _Block | None = None
        self._given: dict[str, str] = {}
        self._words = {"FILE": self._open, "EDIT": self._open, "END": self._close}
        self._words |= {"SEARCH": self._part, "REPLACE": self._part}
        self._starts = tuple(f"<<<{word} {nonce}" for word in self._words)
        self._foreign = re.compile(r"^\s*<<<(?:FILE|EDIT) \S[^<>]*>>>\s*$")

    @property
    def unclosed(self) -> str:
        """The path or the cut marker at the end of the reply, '' if there is none."""
        return self._block.path if self._block else self._cut

    def take(self, line: str, *, is_last: bool = False) -> None:
        """Handle one line without its line feed."""
        marker = self._marker(line) if "<<<" in line else None
        if marker is not None:
            self._words[marker.word](marker)
        elif not is_last and line.lstrip().startswith(self._starts):
            raise ReplyError(f"This marker is not in the asked form: {line.strip()[:200]}")
        elif self._block is not None:
            self._block.parts[-1][1].append(line)
        elif is_last and line.strip():
            begun = line.strip()
            if begun.startswith(self._starts) or any(start.startswith(begun) for start in self._starts):
                self._cut = begun[:200]
        elif self._foreign.match(line):
            raise ReplyError(f"The marker {line.strip()[:200]} does not hold the word {self._nonce}.")

    def _marker(self, line: str) -> _Marker | None:
        at = line.rfind("<<<")
        inner = line[at:].rstrip()
        if not inner.endswith(">>>") or len(inner) > MAX_MARKER:
            return None
        parts = inner[3:-3].split(None, 2)
        if len(parts) < 2 or parts[0] not in self._words or parts[1] != self._nonce:
            return None
        return _Marker(line[:at], parts[0], " ".join(parts[2:]).strip(), line.endswith("\r"))

    def _open(self, marker: _Marker) -> None:
        rest, attributes = _attributes(marker.rest)
        path = _path(rest)
        # A model that goes on after a cut often begins the cut file anew: then the half one is dropped.
        if self._block is not None and (path, marker.word) != (self._block.path, self._block.opened.word):
            raise ReplyError(f"{self._block.path} has no END line before the next file begins.")
        twin = self._given.get(path.casefold(), path)
        if twin != path:
            raise ReplyError(f"{path} and {twin} are one file on some systems. Name each file in one way.")
        if path in self.files or (marker.word == "FILE" and path in self.edits):
            raise ReplyError(f"{path} is given twice. Give each file once.")
        mode = attributes.get("mode", "644")
        if not _MODE.match(mode):
            raise ReplyError(f"{path} has the mode {mode[:20]!r}. Use 644, or 755 for a file that is started directly.")
        mode_bits = MODE_EXECUTABLE if int(mode, 8) & 0o100 else MODE_FILE
        self._block = _Block(path, marker, mode_bits, attributes.get("newline") != "no")

    def _part(self, marker: _Marker) -> None:
        if self._block is None or self._block.opened.word != "EDIT" or marker.before.strip():
            raise ReplyError(f"A {marker.word} line stands only inside an EDIT block, on a line of its own.")
        self._block.parts.append((marker.word, []))

    def _close(self, marker: _Marker) -> None:
        block, path = self._block, _path(_attributes(marker.rest)[0]) if marker.rest else ""
        if block is None:
            if self._closed and path in ("", self._closed):
                return
            raise ReplyError(f"The END line of {path or 'a file'} comes without its FILE or EDIT line.")
        if path not in ("", block.path):
            raise ReplyError(f"{block.path} is ended by an END line of {path}. END names the file that it ends.")
        if marker.before.strip():
            block.parts[-1][1].append(marker.before)
        elif marker.before and marker.before == block.opened.before:
            _dedent(block, marker.before)
        if block.opened.carriage:
            block.parts = [(word, [line.removesuffix("\r") for line in lines]) for word, lines in block.parts]
        if block.opened.word == "EDIT":
            self.edits.setdefault(block.path, []).extend(_edits(block))
        else:
            self.files[block.path] = SourceFile(block.path, _content(block).encode(), block.mode)
        self._given[block.path.casefold()] = self._closed = block.path
        self._block = None


def _attributes(rest: str) -> tuple[str, dict[str, str]]:
    """The path of a header, and what it says of mode and last newline."""
    found: dict[str, str] = {}
    while True:
        path, _, last = rest.rpartition(" ")
        key, _, value = last.partition("=")
        if not path or key not in ("mode", "newline"):
            return rest, found
        found[key], rest = value.strip("\"'"), path.rstrip()


def _path(given: str) -> str:
    try:
        return safe_relpath(given.strip("`'\"* ").removeprefix("./"))
    except WorkspaceError as error:
        raise ReplyError(str(error)) from error


def _dedent(block: _Block, indent: str) -> None:
    """Take away what the whole block was indented by, markers included."""
    lines = [line for _, part in block.parts for line in part if line.strip()]
    if all(line.startswith(indent) for line in lines):
        block.parts = [(word, [line.removeprefix(indent) for line in part]) for word, part in block.parts]


def _content(block: _Block) -> str:
    lines = _unwrapped(block.path, block.parts[0][1])
    return "\n".join(lines) + ("\n" if block.final_newline else "") if lines else ""


def _edits(block: _Block) -> list[Edit]:
    words = [word for word, _ in block.parts]
    (_, before), *parts = block.parts
    if not parts or words[1:] != ["SEARCH", "REPLACE"] * (len(parts) // 2) or "".join(before).strip():
        raise ReplyError(f"The edit of {block.path} needs SEARCH and REPLACE parts in turns, and nothing before them.")
    texts = ["\n".join(lines) for _, lines in parts]
    return [Edit(search, replace) for search, replace in zip(texts[::2], texts[1::2], strict=True)]


def _unwrapped(path: str, lines: list[str]) -> list[str]:
    """The lines without a fence around all of them, which some models write although they were told not to."""
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    if end - start < 2:
        return lines
    opening, closing = _FENCE.match(lines[start]), _FENCE.match(lines[end - 1])
    if opening is None or closing is None or not _closes(closing, opening[1]):
        return lines
    body, name = lines[start + 1 : end - 1], PurePosixPath(path)
    prose = name.suffix.lower() in _PROSE or name.name == "README"
    if prose and not _REQUIREMENTS.match(name.name) and not _surely_wrapped(opening, body):
        return lines
    return body


def _closes(fence: re.Match[str], opened: str) -> bool:
    return fence[1].startswith(opened) and not fence[2].strip()


def _surely_wrapped(opening: re.Match[str], body: list[str]) -> bool:
    """Whether the fence around a prose file can be nothing but a wrapper: every fence inside has its own end."""
    outer, kind = opening[1], opening[2].strip().lower()
    begins = next((line for line in body if line.strip()), "")
    if kind not in ("markdown", "md") and not (len(outer) > 3 and kind == "" and begins.startswith("#")):
        return False
    inner = ""
    for fence in filter(None, map(_FENCE.match, body)):
        if _closes(fence, outer) and (len(outer) > 3 or not inner):
            return False
        if not inner:
            inner = fence[1]
        elif _closes(fence, inner):
            inner = ""
    return not inner
