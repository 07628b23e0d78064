"""Shortens failures for a repair prompt, and gives the same failure the same signature."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MAX_CHARACTERS = 6_000
BLOCK_CHARACTERS = 1_500
LINE_CHARACTERS = 400
SHOWN_NAMES = 20
MAX_CAUSES, MAX_LINES, MAX_BLOCK_LINES = 500, 20_000, 1_500

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CHANGING = (
    (re.compile(r"0x[0-9a-fA-F]+"), "0x"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "UUID"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{12,}\b"), "HEX"),
    (re.compile(r"/tmp/(?:[\w.-]+/)*(?:tmp\w+)?"), "TMP/"),  # noqa: S108 - a path in a text
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?(Z|[+-]\d\d:?\d\d)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d([.,]\d+)?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)?\s?[mµn]?s(?:econds?|ecs?)?\b"), "SECONDS"),
    (re.compile(r"(\d+\.\d+\.\d+\.\d+|localhost|\[::1?\])(:|', )\d+"), "HOST"),
    (re.compile(r"\bport[ =:]+\d+", re.IGNORECASE), "PORT"),
    (re.compile(r"\[?\b(pid|process|goroutine|thread)[ =:]*\[?\d+\]?", re.IGNORECASE), "PID"),
    (re.compile(r"\bline \d+|\(\d+,\d+\)(?=:)|:\d+(:\d+)?(?=[:\s)]|$)"), "LINE"),
)
_LIBRARY = re.compile(r"site-packages|dist-packages|lib/python3|node_modules|node:internal|/usr/local/go/|/go/pkg/mod")
_FRAME = re.compile(r'^\s*(?:File "|at\s|/|\S+\.(?:py|[cm]?[jt]sx?|go):\d+)')
_PATHS = re.compile(r"(?<![^\s\"'(=])/\S*/(?=(?:site-packages|node_modules)/)|/work/(?=\S)")
_ERROR = re.compile(
    r"^\s*+(?:(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt)\b|\S+?(?::\d+|\(\d+,\d+\)):? |panic:|npm ERR!|fatal"
    r"|not ok\b|error\b|Cannot |Can't )|\berror(?:\[\w+\]| TS\d+)?: |\bnot found\b|No such file",
    re.IGNORECASE,
)
_LOG = re.compile(r"^(?:INFO|ERROR|WARNING|DEBUG|CRITICAL)\b")
_TEST = re.compile(r"^(?:_{3,} (\S.*?) _{3,}|(\S*[tT]est[^\s:]*::\S.*)|--- FAIL: (\S+).*)$")
_RULE = re.compile(r"^(?:[_=-] ?)+$")
_TRACE = re.compile(r"^\s*Traceback \(most recent call last\)")


@dataclass
class _Block:
    """One failing test, one traceback, or an output without either."""

    name: str
    lines: list[str]

    def causes(self) -> tuple[str, ...]:
        """Its error lines without what changes from run to run; its last lines where none looks like an error."""
        lines = [line[:LINE_CHARACTERS] for line in self.lines[1 if self.name else 0 :] if line.strip()]
        told = [line for line in lines if line.startswith("E  ")] or _raised(lines)
        told = told or [line for line in lines if _ERROR.search(line)] or lines[-5:]
        steady = (_steady(line) for line in list(dict.fromkeys(told))[:MAX_CAUSES])
        return tuple(dict.fromkeys(steady))


def signature_of(step: str, failure: str) -> str:
    """Sixteen hex digits: equal for failures that differ in times, addresses, ports, ids or line numbers only."""
    causes = {f"{_steady(block.name)} {line}" for block in _blocks(failure) for line in block.causes()}
    return hashlib.sha256("\n".join([step, *sorted(causes)]).encode(errors="replace")).hexdigest()[:16]


def condense(step: str, failure: str) -> str:
    """A failure for a prompt: one cause once, own lines before those of libraries, head and tail of what is long."""
    groups: dict[tuple[str, ...], list[_Block]] = {}
    for block in _blocks(failure):
        groups.setdefault(block.causes(), []).append(block)
    room = MAX_CHARACTERS - 600
    each = max(BLOCK_CHARACTERS, room // max(1, len(groups)))
    parts, unshown = [f"Failed step: {step}"], list[str]()
    for blocks in groups.values():
        text = _shortened(blocks[0].lines, each) + _others(blocks)
        if len(parts) > 1 and len(text) > room:
            unshown += [block.name or block.lines[0].strip() for block in blocks]
            continue
        parts.append(text)
        room -= len(text) + 2
    if unshown:
        parts.append(f"({len(unshown)} more with other causes: {_names(unshown)})")
    return tail_and_head("\n\n".join(parts), MAX_CHARACTERS)


def steady(text: str) -> str:
    """The text without times, addresses, ports, ids and line numbers, which differ from run to run."""
    for pattern, replacement in _CHANGING:
        text = pattern.sub(replacement, text)
    return text


def tail(text: str, characters: int) -> str:
    """The end of a text, with a note where it was cut."""
    return text if len(text) <= characters else f"[…{len(text) - characters} characters before]\n{text[-characters:]}"


def tail_and_head(text: str, characters: int) -> str:
    """The first third and the last two thirds of a long text."""
    if len(text) <= characters:
        return text
    head = characters // 3
    return f"{text[:head]}\n[…{len(text) - characters} characters left out]\n{text[-(characters - head) :]}"


def _blocks(failure: str) -> list[_Block]:
    """A block for each failing test; without any, one for each traceback and what stands before it."""
    # Cut by lines, not by characters: a time that is a digit longer must not move the place of the cut.
    cut = _middle_out(failure.split("\n"), MAX_LINES)
    lines = [_COLOURS.sub("", line[: 2 * LINE_CHARACTERS]).rstrip() for line in cut]
    tests = any(_TEST.match(line) for line in lines)
    blocks = [_Block("", [])]
    before_is_blank = True
    for line in lines:
        begins = _TEST.match(line) if tests else _TRACE.match(line)
        if begins and (before_is_blank or not tests or not begins[2]) and any(one.strip() for one in blocks[-1].lines):
            blocks.append(_Block("", []))
        if begins and tests and not blocks[-1].name and not any(one.strip() for one in blocks[-1].lines):
            blocks[-1] = _Block(next(filter(None, begins.groups())), [])
        blocks[-1].lines.append(line)
        before_is_blank = not line.strip()
    return blocks


def _raised(lines: list[str]) -> list[str]:
    """What the first traceback ends with: the error and up to three lines of its message."""
    start = next((number for number, line in enumerate(lines) if _TRACE.match(line)), None)
    if start is None:
        return []
    ends = (number for number, line in enumerate(lines[start + 1 :], start + 1) if not line.startswith((" ", "\t")))
    end = next(ends, len(lines))
    return [line for line in lines[end : end + 4] if not _LOG.match(line)]


def _steady(line: str) -> str:
    """A line without what differs from run to run."""
    return steady(" ".join(line[:LINE_CHARACTERS].split()))


def _shortened(lines: list[str], characters: int) -> str:
    """The lines that matter: library frames are counted, paths shortened, repetitions left out."""
    kept: list[str] = []
    library = 0
    inside = False
    for line in _middle_out(lines, MAX_BLOCK_LINES):
        is_frame = _FRAME.match(line) is not None
        if is_frame or not line.startswith((" ", "\t", ">")):
            inside = is_frame and _LIBRARY.search(line) is not None
        if inside:
            library += is_frame
            # Below a frame of Node stands no line of its source.
            inside = not line.lstrip().startswith("at ")
            continue
        if library:
            kept.append(f"[…{library} frames of libraries]")
            library = 0
        shown = _PATHS.sub("", line[:LINE_CHARACTERS])
        if not (kept and kept[-1] == shown) and not _RULE.match(line):
            kept.append(shown)
    if library:
        kept.append(f"[…{library} frames of libraries]")
    return tail_and_head("\n".join(kept).strip("\n"), characters)


def _middle_out(lines: list[str], most: int) -> list[str]:
    if len(lines) <= most:
        return lines
    head = most // 3
    return [*lines[:head], f"[…{len(lines) - most} lines left out]", *lines[head - most :]]


def _others(blocks: list[_Block]) -> str:
    if len(blocks) == 1:
        return ""
    names = [block.name for block in blocks[1:] if block.name]
    return f"\n({len(blocks) - 1} more with the same cause{': ' if names else ''}{_names(names)})"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(name[:120] for name in names[:SHOWN_NAMES]) + more
