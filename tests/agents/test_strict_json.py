"""JSON from a model: found, read strictly, refused with a sentence; linear in time whatever comes."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from agents.errors import CutReply, ReplyError
from agents.strict_json import MAX_BYTES, read_json, read_model

FENCED = "Sure:\n\n```json\n{}\n```\nBye {{}}.\n"


class Answer(BaseModel, extra="forbid"):
    """What is asked for in these tests."""

    name: str = Field(max_length=5)
    parts: tuple[int, ...] = ()


def refused(text: str) -> str:
    """Why a reply is malformed; a cut one would be asked to go on."""
    with pytest.raises(ReplyError) as caught:
        read_json(text)
    assert not isinstance(caught.value, CutReply)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff  {"a": 1}\n', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\r\n{"a": 1}\r\n```\r\n', {"a": 1}),
        ('  ```JSON\n  {"a": 1}\n  ```', {"a": 1}),
        ('~~~\n{"a": 1}\n~~~', {"a": 1}),
        ('```json {"a": 1} ```', {"a": 1}),
        ('Here {it} is: {"a": {"b": [{}]}} Bye.', {"a": {"b": [{}]}}),
        ('```json\n{"a": "```json\\n{}\\n```"}\n```', {"a": "```json\n{}\n```"}),
        ('```json\n{\n"```": "}"\n}\n```', {"```": "}"}),
        ('```python\nx = {}\n```\n```json\n{"a": 1}\n```', {"a": 1}),
        ('```json\n[1, 2]\n```\n```json\n{"a": 1}\n```', {"a": 1}),
        ('```json\n{"a": 1,}\n```\nAgain, mended:\n```json\n{"a": 2}\n```', {"a": 2}),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```', {"a": 1}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"a\\u0000": "x\\u0000y\\ud800"}', {"a\ufffd": "x\ufffdy\ufffd"}),
        ('{"a": [-1, 2.5, 1e3, true, false, null, "\u2028"]}', {"a": [-1, 2.5, 1000.0, True, False, None, "\u2028"]}),
        ('{"a": "\\\\"}', {"a": "\\"}),
        ('{"a": 1}}', {"a": 1}),
        ('```json\n{"a": 1\n```\nAgain:\n```json\n{"b": 2}\n```', {"b": 2}),
        ('```json\n{"a": "x\n}\n```\n```json\n{"b": 2}\n```', {"b": 2}),
    ],
)
def test_the_first_object_is_read(text: str, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ('{"a": 1,}', "Leave out the comma"),
        ('{"a": [1, 2, ]}', "Leave out the comma"),
        ('{"a": 1 // why\n}', "JSON has no comments"),
        ('{\n# why\n"a": 1}', "JSON has no comments"),
        ('{"a": 1 /* x */}', "JSON has no comments"),
        ("{'a': 1}", "Strings stand in double quotes"),
        ("{'a': 'it\"s'}", "double quotes"),
        ('{"a": True}', "Write true, false or null"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": [-Infinity]}', "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "too long or too large"),
        ('{"a": 0.' + "1" * 5000 + "}", "too long or too large"),
        ('{"a": ' + "9" * 5000 + "}", "5000 digits"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": {"b": 1, "\\u0062": 2}}', "'b' stands twice"),
        ('{"\\u0000": 1, "\\ud800": 2}', "stands twice"),
        ('{"a": "line\nbreak"}', "no valid JSON"),
        ('{"a": "\x00"}', "no valid JSON"),
        ('{"a": "\\x"}', "no valid JSON"),
        ('{"a": 1 "b": 2}', "no valid JSON"),
        ('{"a": (1)}', "no valid JSON"),
        ("{a: 1}", "no valid JSON"),
        ('{"a": 1]', "no valid JSON"),
        ("{" * 51, "nested deeper"),
        ('{"a": ' + "[" * 60 + "]" * 60 + "}", "nested deeper"),
        ('{"a": [' + '"",' * 300_000 + "0]}", "holds over"),
        ("[1, 2]", "one JSON object, not a list"),
    ],
)
@pytest.mark.parametrize("fence", [True, False])
def test_what_is_no_strict_json_is_refused_with_the_reason(inner: str, words: str, fence: bool) -> None:
    assert words in refused(FENCED.replace("{}", inner, 1) if fence else inner)


@pytest.mark.parametrize("inner", ['{"a": 1', '{"a": [1, 2', '{"a": "b', '{"a": {"b": 1}'])
def test_a_fence_that_ends_before_its_object_is_malformed_not_cut(inner: str) -> None:
    assert "no valid JSON" in refused(f"```json\n{inner}\n```\n")


def test_an_object_that_is_cut_after_other_braces_is_cut() -> None:
    with pytest.raises(CutReply):
        read_json('With {braces} in front: {"a": 1')


def test_fifty_levels_are_read() -> None:
    assert read_json('{"a":' * 49 + "{}" + "}" * 49)


def test_no_object_at_all() -> None:
    assert "holds no JSON object" in refused("I am sorry, but I cannot help.")


def test_a_schema_is_told_field_by_field() -> None:
    assert read_model('{"name": "x", "parts": [1]}', Answer) == Answer(name="x", parts=(1,))
    with pytest.raises(ReplyError) as caught:
        read_model('{"name": "far too long", "parts": [1, "x"], "more": 1}', Answer)
    told = str(caught.value)
    assert told.startswith("The JSON does not fit what was asked for:\n- name: ")
    assert "- parts.1: " in told
    assert "- more: " in told


def test_what_a_model_invents_does_not_fill_the_next_prompt() -> None:
    keys = ", ".join(f'"{number}{"x" * 5000}": 1' for number in range(50))
    with pytest.raises(ReplyError) as caught:
        read_model(f"{{{keys}}}", Answer)
    assert len(str(caught.value)) < 3000
    assert len(refused('{"a": ' + "x" * 100_000 + "}")) < 500


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        ("", "{", ""), ('{"a":', "[", ""), ("", '"', ""), ("{", '"', ""), ('{"a":"', "\\", ""), ('{"a":"', '\\"', ""),
        ("", "```\n", ""), ("", "```json\n", ""), ("", "```\n{\n", ""), ("", "```json\n{}x", ""), ("```", " ", "x"),
        ("```", "\n", "x"), ("", "`", "!"), ("", "{a}", ""), ('{"a":[', "[],", "0]}"), ('{"a":[', "1.5,", "0]}"),
        ('{"a":"', "x", '"}'), ('{"a":', "1", "}"), ('{"a":1.', "1", "}"), ("{", " ", "!"), ('{"a":', "-", ""),
        ("", "\t", ""), ('{"a":"', "\\ud800", '"}'), ("", '{"a"\n', ""), ("", "[{", ""), ("```json", " \n", "!"),
    ],
)  # fmt: skip
def test_four_mebibytes_of_anything_end_in_a_value_or_a_reply_error(start: str, unit: str, end: str) -> None:
    # A search that goes back and forth would not end within the time of a test run.
    text = start + unit * ((MAX_BYTES - len(start) - len(end)) // len(unit)) + end
    try:
        value = read_json(text)
    except ReplyError as error:
        value = {"told": str(error)}
        assert len(str(error)) < 600  # noqa: PT017 - both ends are right
    assert isinstance(value, dict)


def test_more_than_four_mebibytes_are_refused_by_bytes() -> None:
    assert "4 MiB" in refused('{"a": "' + "\u20ac" * (MAX_BYTES // 3) + '"}')
