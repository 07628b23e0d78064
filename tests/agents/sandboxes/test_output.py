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
        ("\x1b[12", ""),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("nul\x00bell\x07del\x7fc1\x9b", "nul\u2400bell\u2407del\u2421c1\ufffd"),
        ("safe\u202eevil\u2066more\u2069", "safe[U+202E]evil[U+2066]more[U+2069]"),
        ("\x1bcreset\x1b7save\x1b(Bset", "resetsaveset"),
        ("\x1bP1$r0m\x1b\\device\x1b_program\x1b\\ends", "deviceends"),
        ("\x1b[" + "0;" * 300_000 + "mlong", "long"),
        ("\x1b\x1b[31mtwice", "twice"),
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


HOSTILE = (
    "a\x1b[38;5;200mb\x1b]8;;javascript:alert(1)\x1b\\c\x1b]0;title\x07d\r\ne\rf\x1b(Bg\u00e4\U0001f600\x00\u202eh\r"
)


def test_text_is_the_same_wherever_it_was_cut() -> None:
    raw = HOSTILE.encode()
    for cut in range(len(raw) + 1):
        output, seen = Output(), ""
        for chunk in (raw[:cut], raw[cut:]):
            output.add(chunk)
            seen += output.take()
        output.close()
        seen += output.take()
        assert seen == output.text() == "abcd\ne\nfg\u00e4\U0001f600\u2400[U+202E]h\n"


def test_lines_are_given_on_at_once_and_the_wrappers_line_never() -> None:
    mark = "0123456789abcdef"
    raw = f"one\n\n0123\n{mark} end 0.1 5\n".encode()
    for size in range(1, len(raw)):
        output, seen = Output(mark), ""
        for at in range(0, len(raw), size):
            output.add(raw[at : at + size])
            seen += output.take()
        output.close()
        assert (seen + output.take()).rstrip("\n") == "one\n\n0123"
    output = Output(mark)
    output.add(b"ready\n")
    assert output.take() == "ready\n"


def test_the_limit_itself_is_kept_whole() -> None:
    output = Output()
    output.add(b"x" * OUTPUT_LIMIT)
    assert not output.truncated
    assert output.text() == "x" * OUTPUT_LIMIT


def test_more_than_the_limit_is_cut_and_said() -> None:
    output = Output()
    for _ in range(20):
        output.add(b"x" * (OUTPUT_LIMIT // 8))
    output.add(b"!")
    assert output.truncated
    assert output.text() == "x" * OUTPUT_LIMIT + "\n[output cut at 1024 KiB]\n"
    assert output.take() == output.text()


def test_a_character_cut_by_the_limit_is_marked() -> None:
    output = Output()
    output.add(b"x" * (OUTPUT_LIMIT - 1) + "\u00e4".encode())
    assert output.text().startswith("x" * (OUTPUT_LIMIT - 1) + "\ufffd\n[output cut")
