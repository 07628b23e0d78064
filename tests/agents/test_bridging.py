"""What comes over the bridge from a sandbox is believed only as far as it keeps to the rules."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agents.errors import Stopped
from agents.execution import bridging
from agents.execution.bridging import BROKEN, Bridge, End, Ended, Head, Part, Piece
from agents.sandboxes.base import Command
from tests.previewed import application

HEAD = json.dumps({"status": 200, "headers": [["A", "b"]]}).encode()


def frame(kind: bytes, number: int, payload: bytes = b"") -> bytes:
    return kind + number.to_bytes(4, "big") + len(payload).to_bytes(4, "big") + payload


class Saying:
    """A session whose program says this, in pieces of a few bytes where asked, and then nothing more."""

    def __init__(self, said: bytes, piece: int = 1 << 20) -> None:
        self._said, self._piece = said, piece

    def converse(
        self, _command: Command, _source: int, take: Callable[[bytes], None], *, stop: Callable[[], bool]
    ) -> int:
        for start in range(0, len(self._said), self._piece):
            take(self._said[start : start + self._piece])
        if stop():
            raise Stopped("")
        return 0


def heard(said: bytes, **more: Any) -> tuple[list[Part], str]:
    """What the asker of request 1 is told, and how the conversation ended."""
    bridge, parts = Bridge(), []
    bridge.ask("GET", "/", [], b"", parts.append)
    with pytest.raises(Ended) as ended:
        bridge.serve(Saying(said, **more), application(), 1.0, started=lambda: None, stop=lambda: False)  # type: ignore[arg-type]
    return parts, str(ended.value)


def test_an_answer_comes_whole_however_it_is_cut() -> None:
    said = frame(b"H", 1, HEAD) + frame(b"D", 1, b"one") + frame(b"D", 1, b"two") + frame(b"D", 1)
    for piece in (1, 7, 1 << 20):
        parts, _ended = heard(said, piece=piece)
        assert parts == [Head(status=200, headers=(("A", "b"),)), Piece(b"one"), Piece(b"two"), End()]


@pytest.mark.parametrize(
    "said",
    [
        frame(b"H", 1, HEAD) + frame(b"D", 1, b"x" * 60_000) * 5,
        frame(b"D", 9, b"x" * 60_000) * 3,
        frame(b"E", 9) * 20_000,
        frame(b"H", 1, HEAD) * 2,
        frame(b"D", 1, b"before the head"),
        frame(b"?", 1),
        frame(b"U", 0, b"{}"),
        frame(b"U", 0, b"[" * 60_000),
        b"D" + (1).to_bytes(4, "big") + b"\xff\xff\xff\xff",
    ],
    ids=["ahead", "stray", "many", "twice", "early", "unknown", "untold", "deep", "huge"],
)
def test_what_breaks_the_rules_ends_it(said: bytes) -> None:
    parts, ended = heard(said)
    assert ended == BROKEN
    assert parts[-1] == End(BROKEN)
    assert sum(len(part.content) for part in parts if isinstance(part, Piece)) <= bridging.WINDOW


@pytest.mark.parametrize(
    "head",
    [b"", b"[]", b'{"status": 20, "headers": []}', b'{"status": 200, "headers": [["a"]]}', b"\xff",
     json.dumps({"status": 200, "headers": [["a", "b"]] * 101}).encode()],
)  # fmt: skip
def test_an_answer_with_a_bad_beginning_is_none_and_the_others_go_on(head: bytes) -> None:
    bridge, first, second = Bridge(), [], []
    bridge.ask("GET", "/", [], b"", first.append)
    bridge.ask("GET", "/", [], b"", second.append)
    said = frame(b"H", 1, head) + frame(b"H", 2, HEAD) + frame(b"D", 2)
    with pytest.raises(Ended):
        bridge.serve(Saying(said), application(), 1.0, started=lambda: None, stop=lambda: False)  # type: ignore[arg-type]
    assert first == [End("Its answer began in a way that is no answer.")]
    assert second[-1] == End()


def test_who_takes_gets_more_and_who_asks_after_the_end_is_told() -> None:
    bridge, size = Bridge(), [0]

    def tell(part: Part) -> None:
        if isinstance(part, Piece):
            size[0] += len(part.content)
            bridge.taken(1, len(part.content))

    bridge.ask("GET", "/", [], b"", tell)
    said = frame(b"H", 1, HEAD) + frame(b"D", 1, b"x" * 60_000) * 50 + frame(b"D", 1)
    with pytest.raises(Ended, match="ended"):
        bridge.serve(Saying(said), application(), 1.0, started=lambda: None, stop=lambda: False)  # type: ignore[arg-type]
    assert size == [3_000_000]
    late: list[Part] = []
    bridge.ask("GET", "/", [], b"", late.append)
    assert late == [End("The application ended.")]
    assert not [thread for thread in threading.enumerate() if thread.name == "bridge"]
