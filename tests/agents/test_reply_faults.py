"""Replies that are cut: every prefix of real-looking replies, and what comes when a model goes on after the cut."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from pathlib import Path

import pytest

from agents.errors import CutReply, ReplyError
from agents.providers.offline.reply_format import file_block, json_fence
from agents.replies import parse_files
from agents.strict_json import read_json
from agents.types import SourceFile

ROOT = Path(__file__).resolve().parents[2]
N = "0f1e2d3c"
SOURCES = ("agents/budget.py", "agents/paths.py", "agents/errors.py", "agents/learning.py", "agents/types.py")
MORE = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "agents").glob("[ls]*/[a-z]*.py"))
PLAN = {
    "files": [{"path": "app/main.py", "kind": "source", "purpose": 'says "hi" {and} [more]\n```\\', "depends_on": []}],
    "commands": {"install": "pip install -r requirements.txt", "port": 8000, "probes": [{"path": "/", "expect": 200}]},
    "numbers": [0, -1.5e3, True, None, "\u00e4\u20ac\U0001f600", {}],
}
README = (
    "# Todo\n\nUse:\n\n````markdown\n```bash\nls\n```\n````\n\n```\n<<<FILE abc x>>>\n<<<END abc x>>>\n```\n\nEnd.\n"
)


def source(path: str) -> SourceFile:
    """A file of this repository, short enough that trying all its prefixes is quick."""
    return SourceFile(path, "".join((ROOT / path).read_text().splitlines(keepends=True)[:110]).encode())


def edit(path: str, search: str, replace: str) -> str:
    """An edit with one part."""
    inner = f"<<<SEARCH {N}>>>\n{search}\n<<<REPLACE {N}>>>\n{replace}\n"
    return f"<<<EDIT {N} {path}>>>\n{inner}<<<END {N} {path}>>>\n"


@cache
def replies() -> dict[str, str]:
    """Replies as a coder, tester or debugger gives them."""
    one, two, three, four, five = (file_block(source(path), N) for path in SOURCES)
    fenced = f"```python\n{source(SOURCES[1]).text}```\n"
    readme = file_block(SourceFile("README.md", README.encode()), N)
    empty = file_block(SourceFile("app/__init__.py", b""), N)
    script = file_block(SourceFile("start.sh", b"#!/bin/sh\nexec python main.py", 0o755), N)
    head = json_fence({"explanation": "the cause: {x}", "suggestions": ["one", "two"]})
    edits = edit("a.py", "    x = 1\n", "    x = 2") + edit("b.py", "y", "") + edit("a.py", "z", "zz")
    return {
        "two sources": one + four,
        "chatter around": f"Here they are:\n\n{two}\nNow the script:\n\n{script}{empty}\nAll done!\n",
        "fenced file": file_block(SourceFile("app/paths.py", fenced.encode()), N) + empty + readme,
        "fence around all": f"```\n{empty}{three}```\n",
        "json, edits, file": head + "\n" + edits + readme + five,
        "carriage returns": (readme + three + script).replace("\n", "\r\n"),
        "indented": "".join(
            f"    {line}" if line.strip() else line for line in (readme + two).splitlines(keepends=True)
        ),
        "many small": "".join(file_block(SourceFile(f"t/{n}.py", f"x = {n}\n".encode()), N) for n in range(40)),
        **{f"sources {n}": "".join(file_block(source(path), N) for path in MORE[n : n + 2]) for n in range(0, 16, 2)},
    }


@cache
def spans(text: str) -> list[tuple[int, int]]:
    """Where each block begins and ends, found independently of the parser."""
    pattern = rf"<<<(FILE|EDIT) {N} [^\n]*\n.*?<<<END {N} [^\n]*?>>>"
    return [found.span() for found in re.finditer(pattern, text, re.DOTALL)]


def test_there_are_enough_cases() -> None:
    assert sum(len(text) for text in replies().values()) > 50_000
    assert all(len(spans(text)) >= 2 for text in replies().values())


@pytest.mark.parametrize("name", replies())
def test_no_prefix_gives_half_a_file_or_hides_that_it_is_cut(name: str) -> None:
    text = replies()[name]
    whole = parse_files(text, N)
    assert (whole.unclosed, len(whole.files) + len(whole.edits) > 1) == ("", True)
    for length in range(len(text) + 1):
        cut = parse_files(text[:length], N)
        assert cut.files == whole.files[: len(cut.files)]
        assert all(pairs == whole.edits[path][: len(pairs)] for path, pairs in cut.edits.items())
        assert bool(cut.unclosed) == any(start < length < end for start, end in spans(text))


@pytest.mark.parametrize("name", sorted(replies().keys() - {"indented"}))
def test_a_model_that_begins_the_cut_block_anew_mends_the_reply(name: str) -> None:
    text = replies()[name]
    whole = parse_files(text, N)
    for length in range(3, len(text), 13):
        inside = next((start for start, end in spans(text) if start + 2 < length < end), None)
        if inside is not None:
            assert parse_files(text[:length] + text[inside:], N) == whole


@pytest.mark.parametrize("name", replies())
def test_garbled_replies_raise_reply_errors_only_and_invent_no_path(name: str) -> None:
    text, chance = replies()[name], random.Random(name)
    paths = {file.path for file in parse_files(text, N).files}
    for _ in range(150):
        lines = text.splitlines(keepends=True)
        for _ in range(chance.randrange(1, 4)):
            at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[at : at + chance.randrange(3)] = chance.choice(
                ([], [lines[other]], [lines[other][::-1]], [lines[at][:9]])
            )
            lines = lines or ["\n"]
        try:
            found = parse_files("".join(lines), N)
        except ReplyError:
            continue
        assert {file.path for file in found.files} <= paths


@pytest.mark.parametrize(
    "text",
    [
        json_fence(PLAN),
        f"Here is the plan:\n\n{json_fence(PLAN)}\nGood luck!\n",
        json.dumps(PLAN),
        f"The plan is {json.dumps(PLAN, indent=1, ensure_ascii=False)}",
        f"~~~json\n{json.dumps(PLAN)}\n~~~",
        f"\ufeff```\r\n{json.dumps(PLAN, indent=4)}\r\n```\r\n",
        f"```json {json.dumps(PLAN)} ```",
    ],
)
def test_every_prefix_of_an_object_is_the_whole_or_asks_to_go_on(text: str) -> None:
    begin, end = text.index("{"), text.rindex("}")
    for length in range(len(text) + 1):
        if length > end:
            assert read_json(text[:length]) == PLAN
        elif length > begin:
            with pytest.raises(CutReply):
                read_json(text[:length])
        else:
            with pytest.raises(ReplyError):
                read_json(text[:length])


def test_a_fence_that_was_only_begun_asks_to_go_on() -> None:
    for text in ("```", "```json", "Sure:\n```json\n", "``"):
        with pytest.raises(CutReply):
            read_json(text)


@pytest.mark.parametrize("text", ["", "I cannot do that.", "```python\nx = 1\n```"])
def test_a_reply_without_any_object_is_malformed_not_cut(text: str) -> None:
    with pytest.raises(ReplyError) as caught:
        read_json(text)
    assert not isinstance(caught.value, CutReply)
