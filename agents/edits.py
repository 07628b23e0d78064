"""Applies search-and-replace edits: to whole lines, exactly, with other white space, or with an elided middle."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.errors import ReplyError
from agents.replies import Edit
from agents.types import SourceFile

ELISION = ("...", "…")
SHOWN_LINES = 12
SHOWN_PROBLEMS = 8
MAX_EDITS = 500
COMPARED_LINES, CLOSEST_LINES, SHOWN_CHARACTERS = 5_000, 40, 200
_WORD = re.compile(r"\w+")


class _NoPlace(Exception):
    """Lines that are not there exactly once; the message says what is wrong."""


class _Absent(_NoPlace):
    """Lines that are nowhere."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines of a file from ``start`` up to ``end``, and what of the search's indentation stands for what of theirs.

    ``trimmed`` where blank lines around the search had to be left out to find it.
    """

    start: int
    end: int
    indents: dict[str, str]
    trimmed: bool


def apply_edits(files: Mapping[str, SourceFile], edits: Mapping[str, tuple[Edit, ...]]) -> tuple[SourceFile, ...]:
    """The changed files. Nothing is applied unless everything fits.

    Raises ReplyError that names only what does not fit, with the nearest lines: it is the repair prompt.
    """
    if sum(map(len, edits.values())) > MAX_EDITS:
        raise ReplyError(f"The reply holds more than {MAX_EDITS} edits. Give the files whole instead.")
    changed: list[SourceFile] = []
    problems: list[str] = []
    fitting: list[str] = []
    for path, pairs in edits.items():
        file = files.get(path)
        try:
            text = _Text("" if file is None else file.content.decode())
        except UnicodeDecodeError:
            problems.append(f"{path} is not UTF-8 text, so it takes no edits.")
            continue
        for number, pair in enumerate(pairs, 1):
            try:
                if file is None and pair.search.strip():
                    raise _NoPlace("there is no such file. Give it whole, in a FILE block.")
                text.apply(pair, nearest=len(problems) < SHOWN_PROBLEMS)
                fitting.append(f"{path} ({number})")
            except _NoPlace as problem:
                problems.append(f"{path}, edit {number}: {problem}")
        changed.append(SourceFile(path, text.joined().encode(errors="replace"), *([file.mode] if file else [])))
    if problems:
        raise ReplyError(_report(problems, fitting))
    return tuple(changed)


def _report(problems: Sequence[str], fitting: Sequence[str]) -> str:
    told = ["Some edits do not fit the files, so none was applied:", *problems[:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        told.append(f"{len(problems) - SHOWN_PROBLEMS} more do not fit either.")
    if fitting:
        more = f" and {len(fitting) - SHOWN_LINES} more" if len(fitting) > SHOWN_LINES else ""
        told.append(f"These fit; give them again together with the mended ones: {_few(fitting)}{more}.")
    return "\n".join(told)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_LINES])


class _Text:
    """A file's lines while edits are applied. Byte order mark, line ends and the last newline stay as they are."""

    def __init__(self, text: str) -> None:
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        text = text.removeprefix(self._mark)
        self._newline = "\r\n" if 0 < text.count("\n") == text.count("\r\n") else "\n"
        self._final = self._newline if text.endswith(self._newline) or not text else ""
        self._lines = text.removesuffix(self._final).split(self._newline) if text else []

    def joined(self) -> str:
        """The text as it stands now."""
        return self._mark + self._newline.join(self._lines) + (self._final if self._lines else "")

    def apply(self, edit: Edit, *, nearest: bool) -> None:
        """Replace the lines that the edit names. Raises _NoPlace; then nothing has changed."""
        search, replace = _lines_of(edit.search), _lines_of(edit.replace)
        if not any(line.strip() for line in search):
            if any(line.strip() for line in self._lines):
                raise _NoPlace("its SEARCH part is empty, but the file is not. Name the lines to replace.")
            self._lines = replace
            return
        try:
            places, fresh = self._places(search, replace)
        except _Absent as problem:
            raise _NoPlace(f"{problem}{self._advice(search, replace) if nearest else ''}") from problem
        for place, lines in reversed(list(zip(places, fresh, strict=True))):
            self._lines[place.start : place.end] = lines

    def _places(self, search: list[str], replace: list[str]) -> tuple[list[_Place], list[list[str]]]:
        """What is replaced by what. Parts around '...' lines are found one after the other."""
        try:
            place = self._place(search)
            return [place], [_fitted(replace, place)]
        except _NoPlace as whole:
            parts, fresh = _around_elisions(search), _around_elisions(replace)
            if len(parts) == 1 or not all(parts) or len(fresh) not in (1, len(parts)):
                raise
            try:
                places = self._places_in_turn(parts)
            except _NoPlace:
                raise whole from None
        if len(fresh) == 1:
            indents = {given: actual for place in places for given, actual in place.indents.items()}
            places = [_Place(places[0].start, places[-1].end, indents, any(place.trimmed for place in places))]
        return places, [_fitted(lines, place) for lines, place in zip(fresh, places, strict=True)]

    def _places_in_turn(self, parts: list[list[str]]) -> list[_Place]:
        places: list[_Place] = []
        for part in parts:
            places.append(self._place(part, places[-1].end if places else 0))
        return places

    def _place(self, search: list[str], start: int = 0) -> _Place:
        """Where these lines stand from a line on: as they are, else without regard to white space at their ends."""
        found, asked = _found(self._lines[start:], search), len(search)
        if not found:
            search = _without_blank_ends(search)
            found = _found([line.strip() for line in self._lines[start:]], [line.strip() for line in search])
        shown = "\n".join(line[:SHOWN_CHARACTERS] for line in search[:SHOWN_LINES])
        if not found:
            raise _Absent(f"these lines are not there:\n{shown}")
        if len(found) > 1:
            one, other = (place + start + 1 for place in found)
            raise _NoPlace(f"this stands at line {one} and again at line {other}; add lines around it:\n{shown}")
        first, last = found[0] + start, found[0] + start + len(search)
        return _Place(first, last, _indents(search, self._lines[first:last]), len(search) != asked)

    def _advice(self, search: list[str], replace: list[str]) -> str:
        """The actual lines that are most like those searched."""
        if any(line.strip() for line in replace) and len(_found(self._lines, replace)) == 1:
            return "\nThe new lines are there already; leave this edit out."
        longest = max(search, key=len)
        words = set(_WORD.findall(longest))
        lines = dict.fromkeys(line[:SHOWN_CHARACTERS] for line in self._lines[:COMPARED_LINES])
        # Comparing letter by letter is slow, so only lines that share words are compared.
        likely = sorted(lines, key=lambda line: -len(words.intersection(_WORD.findall(line))))[:CLOSEST_LINES]
        near = difflib.get_close_matches(longest[:SHOWN_CHARACTERS], likely, n=1, cutoff=0.5)
        if not near:
            return ""
        place = next(number for number, line in enumerate(self._lines) if line[:SHOWN_CHARACTERS] == near[0])
        at = max(0, place - search.index(longest))
        shown = "\n".join(line[:SHOWN_CHARACTERS] for line in self._lines[at : at + min(len(search) + 2, SHOWN_LINES)])
        return f"\nThe nearest actual lines, from line {at + 1} on, are:\n{shown}"


def _lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n") if text else []


def _found(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The first two places where the wanted lines stand as whole lines."""
    text, part = "\n".join(("", *lines, "")), "\n".join(("", *wanted, ""))
    first = text.find(part)
    second = text.find(part, first + 1) if first >= 0 else -1
    return [text.count("\n", 0, at) for at in (first, second) if at >= 0]


def _without_blank_ends(lines: list[str]) -> list[str]:
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def _around_elisions(lines: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip() in ELISION:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _indents(given: Sequence[str], actual: Sequence[str]) -> dict[str, str]:
    """Which indentation of the search stands for which in the file. Raises _NoPlace where one stands for two."""
    known: dict[str, str] = {}
    for ours, theirs in zip(given, actual, strict=True):
        if ours.strip() and known.setdefault(_indent(ours), _indent(theirs)) != _indent(theirs):
            raise _NoPlace("its lines are there, but indented otherwise; copy them exactly:\n" + "\n".join(actual[:12]))
    return known


def _fitted(lines: list[str], place: _Place) -> list[str]:
    """New lines with the file's indentation in place of the search's."""
    fresh = _without_blank_ends(lines) if place.trimmed else lines
    if all(given == actual for given, actual in place.indents.items()):
        return fresh
    return [_indent_for(_indent(line), place.indents) + line.lstrip() if line.strip() else "" for line in fresh]


def _indent_for(indent: str, known: dict[str, str]) -> str:
    if indent in known:
        return known[indent]
    added = {actual.removesuffix(given) if actual.endswith(given) else None for given, actual in known.items()}
    if len(added) == 1 and (more := added.pop()) is not None:
        return more + indent
    taken = {given.removesuffix(actual) if given.endswith(actual) else None for given, actual in known.items()}
    if len(taken) == 1 and (less := taken.pop()) is not None and indent.startswith(less):
        return indent.removeprefix(less)
    # Deeper lines: as many steps as the search's own steps say, else as far from the nearest known line as given.
    for step in sorted(filter(None, known), key=len):
        times, rest = divmod(len(indent), len(step))
        if not rest and indent == step * times:
            return known[step] * times
    base = max((given for given in known if indent.startswith(given)), key=len, default=None)
    if base is None:
        raise _NoPlace("its new lines are indented less than the old ones; copy the old lines exactly.")
    return known[base] + indent.removeprefix(base)
