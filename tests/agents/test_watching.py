"""While an answer streams in, the page says which file is being written."""

from __future__ import annotations

import random

import pytest

from agents.events import Activity, Event
from agents.types import StageName
from agents.watching import SECONDS_BETWEEN, Watcher

NONCE = "0a1b2c3d"
ANSWER = (
    f"Sure.\n<<<FILE {NONCE} app/main.py mode=644>>>\nx = 1\n<<<FILE ffffffff not/this.py>>>\n"
    f"<<<END {NONCE} app/main.py>>>\n"
    f"<<<EDIT {NONCE} app/store.py>>>\n<<<END {NONCE} app/store.py>>>\n"
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(pieces: list[str], seconds_a_piece: float = 0.0) -> list[str]:
    events: list[Event] = []
    clock = Clock()
    watcher = Watcher(events.append, StageName.CODE, NONCE, clock)
    for piece in pieces:
        clock.now += seconds_a_piece
        watcher.take(piece)
    return [event.text for event in events if isinstance(event, Activity)]


@pytest.mark.parametrize("seed", range(20))
def test_each_file_is_named_once_however_the_answer_is_cut_into_pieces(seed: int) -> None:
    dice = random.Random(seed)
    places = sorted(dice.sample(range(1, len(ANSWER)), 30))
    pieces = [ANSWER[a:b] for a, b in zip([0, *places], [*places, len(ANSWER)], strict=True)]
    assert told(pieces) == ["Writing app/main.py", "Changing app/store.py"]


def test_an_answer_without_files_tells_how_far_it_is_now_and_then() -> None:
    assert told(["word "] * 7, SECONDS_BETWEEN / 2 + 0.1) == [
        "The model is answering: 10 characters so far",
        "The model is answering: 20 characters so far",
        "The model is answering: 30 characters so far",
    ]


def test_a_long_line_is_not_kept_whole() -> None:
    assert told(["x" * 100_000] * 3 + [f"\n<<<FILE {NONCE} a.py>>>\n"]) == ["Writing a.py"]
