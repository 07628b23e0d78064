"""Edits: where they fit, what they leave alone, and what a model is told when they do not fit."""

from __future__ import annotations

import pytest

from agents.edits import MAX_EDITS, apply_edits
from agents.errors import ReplyError
from agents.replies import Edit
from agents.types import MODE_EXECUTABLE, SourceFile

CODE = """import os


class Store:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)
        return item

    def first(self):
        return self.items[0]


def main():
    store = Store()
    return store
"""


def edited(text: str, *pairs: tuple[str, str]) -> str:
    """A file's text after edits."""
    edits = {"a.py": tuple(Edit(search, replace) for search, replace in pairs)}
    (changed,) = apply_edits({"a.py": SourceFile("a.py", text.encode(), MODE_EXECUTABLE)}, edits)
    assert (changed.path, changed.mode) == ("a.py", MODE_EXECUTABLE)
    return changed.content.decode()


def refused(text: str, *pairs: tuple[str, str]) -> str:
    """Why edits do not fit a file."""
    with pytest.raises(ReplyError) as caught:
        edited(text, *pairs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "search", "replace", "after"),
    [
        ("a\nb\nc\n", "a", "x", "x\nb\nc\n"),
        ("a\nb\nc\n", "c", "x", "a\nb\nx\n"),
        ("a\nb\nc", "c", "x\ny", "a\nb\nx\ny"),
        ("a\nb\nc\n", "b", "", "a\nc\n"),
        ("a\nb\nc\n", "  b  ", "", "a\nc\n"),
        ("a\nb\nc", "c", "", "a\nb"),
        ("a\nb\n", "a\nb", "", ""),
        ("a\nb\n", "b\n", "c\n", "a\nc\n"),
        ("a\n\nb\n", "a\n\nb", "a\nb", "a\nb\n"),
        ("\n\na\n", "a", "b", "\n\nb\n"),
        ("aa = 10\na = 1\n", "a = 1", "a = 2", "aa = 10\na = 2\n"),
        ("a\n", "a", "a", "a\n"),
        ("\tif x:\n\t\ty\n", "\tif x:\n\t\ty", "\tz", "\tz\n"),
        ("\ufeffa\nb\n", "a", "x", "\ufeffx\nb\n"),
        ("a\u2028b\nc\x0cd\n", "c\x0cd", "e", "a\u2028b\ne\n"),
        ("x\\1\n", "x\\1", "\\g<0>\\n", "\\g<0>\\n\n"),
    ],
)
def test_whole_lines_are_replaced_and_nothing_else(text: str, search: str, replace: str, after: str) -> None:
    assert edited(text, (search, replace)) == after


@pytest.mark.parametrize("ending", ["\n", ""])
@pytest.mark.parametrize(
    ("search", "replace"), [("b", "x\ny"), ("c", "z\nw"), ("a\nb", ""), (" b", "y"), ("a\n...\nc", "q\nr")]
)
def test_files_with_carriage_returns_keep_them(search: str, replace: str, ending: str) -> None:
    text = f"a\nb\nc{ending}"
    after = edited(text, (search, replace)).replace("\n", "\r\n")
    assert edited(text.replace("\n", "\r\n"), (search, replace)) == after
    assert edited(text.replace("\n", "\r\n"), (search.replace("\n", "\r\n"), replace.replace("\n", "\r\n"))) == after


def test_lines_that_are_not_touched_keep_their_mixed_ends() -> None:
    assert edited("a\r\nb\nc\r\nd\n", ("b", "x")) == "a\r\nx\nc\r\nd\n"
    assert edited("a\r\nb\nc\r\nd\n", ("c", "x")).startswith("a\r\nb\n")


def test_several_edits_of_one_file_are_applied_in_order() -> None:
    assert edited("a\nb\n", ("a", "c\nd"), ("d\nb", "e"), ("c", "f")) == "f\ne\n"


@pytest.mark.parametrize(
    ("search", "replace", "expected"),
    [
        ("def first(self):\n    return self.items[0]",
         "def first(self):\n    if not self.items:\n        return None\n    return self.items[0]",
         "    def first(self):\n        if not self.items:\n            return None\n        return self.items[0]\n"),
        ("def first(self):\n        return self.items[0]", "def first(self):\n        return self.items[-1]",
         "    def first(self):\n        return self.items[-1]\n"),
        ("  def first(self):\n    return self.items[0]", "  def first(self):\n    for x in self.items:\n      return x",
         "    def first(self):\n        for x in self.items:\n            return x\n"),
        ("\tdef first(self):\n\t\treturn self.items[0]",
         "\tdef first(self):\n\t\tfor x in self.items:\n\t\t\treturn x",
         "    def first(self):\n        for x in self.items:\n            return x\n"),
        ("        def first(self):\n            return self.items[0]",
         "        def first(self):\n\n            for x in self.items:\n                return x",
         "    def first(self):\n\n        for x in self.items:\n            return x\n"),
        ("\n    def first(self):   \n        return self.items[0]\t\n\n\n",
         "\n    def first(self):\n        return 2\n\n",
         "    def first(self):\n        return 2\n"),
    ],
)  # fmt: skip
def test_other_indentation_is_turned_into_the_files_own(search: str, replace: str, expected: str) -> None:
    old = "    def first(self):\n        return self.items[0]\n"
    assert edited(CODE, (search, replace)) == CODE.replace(old, expected)


def test_an_indentation_that_stands_for_two_is_refused_with_the_actual_lines() -> None:
    told = refused(CODE, ("def first(self):\nreturn self.items[0]", "def first(self):\nreturn 1"))
    assert "indented otherwise" in told
    assert "        return self.items[0]" in told


def test_new_lines_that_stick_out_to_the_left_are_refused() -> None:
    assert "indented less" in refused("if a:\n  b\n", ("      b", "      c\n  d"))


def test_a_line_of_dots_stands_for_everything_between() -> None:
    assert edited(
        CODE, ("    def add(self, item):\n...\n        return item", "    def add(self, item):\n        pass")
    ) == CODE.replace("        self.items.append(item)\n        return item", "        pass")


def test_dots_on_both_sides_keep_what_they_stand_for() -> None:
    search = "    def add(self, item):\n    ...\n        return item"
    replace = "    def add(self, item: str) -> str:\n        # both\n    ...\n        return item.strip()"
    changed = edited(CODE, (search, replace))
    assert changed == CODE.replace("add(self, item)", "add(self, item: str) -> str").replace(
        "str:\n", "str:\n        # both\n"
    ).replace("return item\n", "return item.strip()\n")


@pytest.mark.parametrize(
    "search",
    ["class Store:\n...", "...\n    return store", "    return store\n...", "def nothing():\n...\n    return store",
     "class Store:\n...\n    return nothing",
     "    return store\n...\nclass Store:", "..."],
)  # fmt: skip
def test_dots_without_a_certain_begin_and_end_are_refused(search: str) -> None:
    assert "these lines are not there" in refused(CODE, (search, "x"))


def test_dots_that_are_in_the_file_are_just_lines() -> None:
    assert (
        edited("def f():\n    ...\ndef g():\n    x\n", ("def f():\n    ...\ndef g():", "def h():"))
        == "def h():\n    x\n"
    )


def test_lines_that_stand_twice_are_refused_with_both_places() -> None:
    told = refused("a\nb\na\nb\na\n", ("a\nb\na", "x"))
    assert "a.py, edit 1: this stands at line 1 and again at line 3; add lines around it:\na\nb\na" in told
    assert "again at line 3" in refused("  a\nb\n\ta\n", ("a", "x"))


def test_a_part_of_a_line_is_no_place() -> None:
    assert "value = compute(1)" in refused("value = compute(1)\n", ("compute(1)", "compute(2)"))


def test_what_does_not_fit_is_told_with_the_nearest_lines_and_what_fits() -> None:
    told = refused(
        CODE,
        ("import os", "import sys"),
        ("    def add(self, thing):\n        self.items.append(item)", "x"),
        ("    return store", "    return None"),
    )
    assert "a.py, edit 2: these lines are not there:\n    def add(self, thing):" in told
    assert (
        "from line 8 on, are:\n    def add(self, item):\n        self.items.append(item)\n        return item" in told
    )
    assert "These fit; give them again together with the mended ones: a.py (1), a.py (3)." in told
    assert "import" not in told


def test_an_edit_that_is_done_already_is_named_so() -> None:
    assert "The new lines are there already; leave this edit out." in refused("a\nnew\n", ("old", "new"))


def test_nothing_is_applied_unless_everything_fits_in_every_file() -> None:
    files = {"a.py": SourceFile("a.py", b"a\n"), "b.py": SourceFile("b.py", b"b\n")}
    with pytest.raises(ReplyError) as caught:
        apply_edits(files, {"a.py": (Edit("a", "x"),), "b.py": (Edit("z", "y"),), "c.py": (Edit("q", "r"),)})
    told = str(caught.value)
    assert "a.py (1)" in told
    assert "b.py, edit 1" in told
    assert "c.py, edit 1: there is no such file. Give it whole, in a FILE block." in told
    assert files["a.py"].content == b"a\n"


def test_an_empty_search_writes_a_new_or_empty_file_only() -> None:
    files = {"empty.py": SourceFile("empty.py", b""), "full.py": SourceFile("full.py", b"x\n")}
    written = apply_edits(files, {"new.py": (Edit("", "a\nb"),), "empty.py": (Edit("\n", "c"),)})
    assert [(file.path, file.content) for file in written] == [("new.py", b"a\nb\n"), ("empty.py", b"c\n")]
    with pytest.raises(ReplyError, match=r"SEARCH part is empty, but the file is not"):
        apply_edits(files, {"full.py": (Edit("", "a"),)})


def test_a_binary_file_takes_no_edits() -> None:
    with pytest.raises(ReplyError, match=r"a\.png is not UTF-8 text"):
        apply_edits({"a.png": SourceFile("a.png", b"a\xff\nb\n")}, {"a.png": (Edit("b", "c"),)})


def test_lone_surrogates_do_not_break_the_writing() -> None:
    assert edited("a\n", ("a", "b\ud800")) == "b?\n"


def test_a_flood_of_edits_is_refused_and_a_flood_of_problems_stays_short() -> None:
    assert "more than" in refused("a\n", *([("a", "a")] * (MAX_EDITS + 1)))
    told = refused("x = 1\n" * 3 + "y" * 100_000, *([("z" * 50_000, "w")] * MAX_EDITS))
    assert "more do not fit either" in told
    assert len(told) < 10_000


def test_long_equal_lines_do_not_hang_the_search() -> None:
    text = "".join("a" * (number % 190 + 1) + "\n" for number in range(40_000))
    assert "not there" in refused(text, *([("a" * 150 + "b", "c")] * 8))
