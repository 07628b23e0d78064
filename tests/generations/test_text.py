"""Text at the edge."""

from __future__ import annotations

import pytest

from generations.text import clean_text, is_blank, storable, title_from


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "\u200d\u2060", "\u3000", "\u0301"])
def test_what_cannot_be_seen_is_blank(text: str) -> None:
    assert is_blank(clean_text(text))


@pytest.mark.parametrize("text", ["a", "天気", "👩\u200d💻", "مرحبا", "?"])
def test_what_can_be_seen_is_not_blank(text: str) -> None:
    assert not is_blank(clean_text(text))


def test_cleaning_twice_changes_nothing_more() -> None:
    text = "".join(map(chr, range(0x3000))) + "\ud800\ufeff e\u0301 \r\n end"
    assert clean_text(clean_text(text)) == clean_text(text)


def test_values_are_made_storable_at_every_depth() -> None:
    assert storable({"a\x00": ["\ud800", ("x\x00", 1, None)]}) == {"a\ufffd": ["\ufffd", ["x\ufffd", 1, None]]}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Create a REST API", "Create a REST API"),
        ("a  b\nc", "a b c"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 60 + "…"),
    ],
)
def test_a_title_is_cut_between_words(text: str, title: str) -> None:
    assert title_from(text) == title
