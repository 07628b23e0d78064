"""Output of untrusted programs becomes plain text of a bounded size."""

from __future__ import annotations

import pytest

from agents.sandboxes.output import Output, clean
from agents.sandboxes.profile import OUTPUT_LIMIT


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hhome", "home"),
        ("\x1b[?25lhidden\x1b[38;5;200;1m", "hidden"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;Y2xpcGJvYXJk\x07x", "x"),
        ("\x1bMup", "up"),
        ("\x1b", ""),
        ("\x1b[12", "[12"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("nul\x00bell\x07del\x7fc1\x9b", "nul\ufffdbell\ufffddel\ufffdc1\ufffd"),
        ("safe\u202eevil\u2066more\u2069", "safe\ufffdevil\ufffdmore\ufffd"),
        ("\u00e4\u4e2d\U0001f600", "\u00e4\u4e2d\U0001f600"),
    ],
)
def test_escape_sequences_and_control_characters_go(raw: str, text: str) -> None:
    assert clean(raw) == text


def test_a_sequence_without_end_does_not_swallow_what_follows() -> None:
    assert clean("\x1b]0;" + "x" * 5000).endswith("x" * 900)


def test_characters_cut_between_chunks_are_whole() -> None:
    output = Output()
    for byte in "a\u00e4\U0001f600z".encode():
        output.add(bytes([byte]))
    assert output.text() == "a\u00e4\U0001f600z"


def test_bytes_that_are_not_utf8_are_marked() -> None:
    output = Output()
    output.add(b"a\xff\xc3")
    assert output.text() == "a\ufffd\ufffd"


def test_a_sequence_cut_between_chunks_is_gone_from_the_whole() -> None:
    output = Output()
    output.add(b"a\x1b[3")
    output.add(b"1mb")
    assert output.text() == "ab"


def test_chunks_are_given_on_cleaned() -> None:
    seen: list[str] = []
    output = Output(seen.append)
    output.add(b"\x1b[1mone\x1b[0m\r\n")
    output.add(b"")
    output.add(b"two")
    assert seen == ["one\n", "two"]


def test_the_limit_itself_is_kept_whole() -> None:
    output = Output()
    output.add(b"x" * OUTPUT_LIMIT)
    assert not output.truncated
    assert output.text() == "x" * OUTPUT_LIMIT


def test_more_than_the_limit_is_cut_and_said() -> None:
    seen: list[str] = []
    output = Output(seen.append)
    for _ in range(20):
        output.add(b"x" * (OUTPUT_LIMIT // 8))
    output.add(b"!")
    assert output.truncated
    assert output.text() == "x" * OUTPUT_LIMIT + "\n[output cut at 1024 KiB]\n"
    assert "".join(seen) == "x" * OUTPUT_LIMIT


def test_a_character_cut_by_the_limit_is_marked() -> None:
    output = Output()
    output.add(b"x" * (OUTPUT_LIMIT - 1) + "\u00e4".encode())
    assert output.text().startswith("x" * (OUTPUT_LIMIT - 1) + "\ufffd\n[output cut")
