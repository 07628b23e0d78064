"""Whole files and edits in replies: what is read, unwrapped, refused."""

from __future__ import annotations

import pytest

from agents.errors import ReplyError
from agents.providers.offline.reply_format import file_block
from agents.replies import Edit, FileReply, parse_files
from agents.types import MODE_EXECUTABLE, MODE_FILE, SourceFile

N = "ab12cd34"
README = "# Todo\n\n```bash\npip install .\n```\n\nReply:\n\n```python\nx = 1\n```\n"
FORMAT = (
    f"<<<FILE 99999999 a.py mode=644>>>\nx\n<<<END 99999999 a.py>>>\n<<<FILE path>>>\n<<<END>>>\n<<<SEARCH>>>\n{N}\n"
)


def block(path: str, text: str, header: str = "", end: str | None = None) -> str:
    """One file block as a model writes it."""
    return f"<<<FILE {N} {path}{header}>>>\n{text}<<<END {N} {path if end is None else end}>>>\n"


def edit(path: str, *parts: tuple[str, str]) -> str:
    """One edit block; every part is given with its line feed."""
    inner = "".join(f"<<<SEARCH {N}>>>\n{old}<<<REPLACE {N}>>>\n{new}" for old, new in parts)
    return f"<<<EDIT {N} {path}>>>\n{inner}<<<END {N} {path}>>>\n"


def only(text: str) -> SourceFile:
    """The single, whole file of a reply."""
    reply = parse_files(text, N)
    assert reply.unclosed == ""
    assert len(reply.files) == 1
    return reply.files[0]


def problem(text: str) -> str:
    """Why a reply is refused."""
    with pytest.raises(ReplyError) as caught:
        parse_files(text, N)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "", "\n", "\n\n", "x", "x\n", "x\r\ny\r\n", "a\u2028b\u2029c\x0c\x0bd\x1ce\x85f\n", "\ufeffname,age\n", "  x\n",
        "\tx", " \n", "\x00\x01\n", README, FORMAT, "```\nfenced\n```\n\ntext\n", f"say <<<END {N}\n", f"<<< {N} >>>\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", [MODE_FILE, MODE_EXECUTABLE])
def test_what_the_writer_writes_the_parser_reads_byte_for_byte(content: str, mode: int) -> None:
    files = (SourceFile("docs/a.md", content.encode(), mode), SourceFile("b.py", b"y = 2\n"))
    assert parse_files("".join(file_block(file, N) for file in files), N) == FileReply(files)


def test_markers_without_or_with_another_nonce_are_content() -> None:
    assert only(block("docs/format.md", FORMAT)).text == FORMAT


@pytest.mark.parametrize("path", ["`app/main.py`", '"app/main.py"', "./app/main.py", "app/main.py ", "**app/main.py**"])
def test_decorated_paths_are_read(path: str) -> None:
    assert only(block(path, "x = 1\n")) == SourceFile("app/main.py", b"x = 1\n")


@pytest.mark.parametrize(
    ("header", "mode"),
    [("", 0o644), (" mode=755", 0o755), (" mode=0755", 0o755), (" mode=100755", 0o755), (" mode='755'", 0o755),
     (" mode=600", 0o644), (" mode=777", 0o755), (" mode=4711", 0o755), (" mode=611", 0o644),
     (" newline=no mode=755", 0o755)],
)  # fmt: skip
def test_only_two_modes_come_out(header: str, mode: int) -> None:
    assert only(block("start.sh", "exec x\n", header)).mode == mode


@pytest.mark.parametrize("header", [" mode=abc", " mode=999", " mode=", " mode=64"])
def test_a_mode_that_is_none_is_refused_and_never_part_of_the_path(header: str) -> None:
    assert "start.sh has the mode" in problem(block("start.sh", "x\n", header))


@pytest.mark.parametrize(
    "path",
    ["../x.py", "a/../../x.py", "/etc/passwd", "~/x", "C:/x.py", "C:\\x.py", "a\\b.py", ".git/config", "a\x00b.py",
     "a//b.py", "a/./b.py", "nul.txt", ".env", "node_modules/x.js", "a\u202eyp.py", "x" * 300, "a<b"],
)  # fmt: skip
def test_unsafe_paths_are_refused(path: str) -> None:
    assert problem(block(path, "x\n"))
    assert problem(edit(path, ("a\n", "b\n")))


def test_carriage_returns_of_the_transport_go_and_those_of_a_file_stay() -> None:
    text = block("a.py", "x = 1\ny = 2\n") + edit("b.py", ("old\n", "new\n"))
    whole = parse_files(text.replace("\n", "\r\n"), N)
    assert whole == parse_files(text, N)
    assert only(block("run.bat", "@echo off\r\necho x\r\n")).content == b"@echo off\r\necho x\r\n"


def test_a_byte_order_mark_before_the_first_marker_hides_nothing() -> None:
    assert only("\ufeff" + block("a.py", "x = 1\n")).path == "a.py"


def test_lone_surrogates_become_text_that_can_be_stored() -> None:
    assert only(block("a.txt", "a\ud800b\n")).text == "a?b\n"


@pytest.mark.parametrize("indent", ["  ", "\t", "      "])
def test_a_block_that_is_indented_with_its_markers_is_moved_back(indent: str) -> None:
    lines = block("a.py", "def f():\n    return 1\n\nx = 2\n").splitlines()
    assert only("\n".join(indent + line if line else "" for line in lines)).text == "def f():\n    return 1\n\nx = 2\n"


def test_indented_markers_alone_do_not_change_the_content() -> None:
    assert only(f"  <<<FILE {N} a.py>>>\nx = 1\n  y\n  <<<END {N} a.py>>>").text == "x = 1\n  y\n"
    assert only(f"<<<FILE {N} a.py>>>\n  x\n  <<<END {N} a.py>>>").text == "  x\n"
    assert only(f"  <<<FILE {N} a.py>>>\n  x\n<<<END {N} a.py>>>").text == "  x\n"


@pytest.mark.parametrize(
    "wrap", ["```\n%s```\n", "```text\n%s```", "Sure!\n\n%s\nDone.\n<<< bye", "<think>x</think>\n%s"]
)
def test_chatter_and_fences_around_the_blocks_are_ignored(wrap: str) -> None:
    assert only(wrap % block("a.py", "x = 1\n")).text == "x = 1\n"


@pytest.mark.parametrize(
    "path", ["a.py", "b.json", "c.toml", "Dockerfile", "requirements.txt", "requirements-dev.txt", "x.yml"]
)
@pytest.mark.parametrize(
    ("opening", "closing"),
    [("```", "```"), ("```python", "```"), ("````", "````"), ("~~~", "~~~"), ("\n```json", "```\n")],
)
def test_a_fence_around_a_whole_source_file_is_taken_off(path: str, opening: str, closing: str) -> None:
    assert only(block(path, f"{opening}\nx\n\ny\n{closing}\n")).text == "x\n\ny\n"


def test_fences_inside_of_a_fenced_source_file_stay() -> None:
    inner = '"""Doc.\n\n```\nexample\n```\n"""\n'
    assert only(block("a.py", f"```python\n{inner}```\n")).text == inner


@pytest.mark.parametrize(
    "content",
    ["```python\nx = 1\n", "x = 1\n```\n", "````\nx\n```\n", "```\nx\n~~~\n", "```\nx\n```\ny\n", "```\n"],
)
def test_a_fence_that_does_not_enclose_everything_stays(content: str) -> None:
    assert only(block("a.py", content)).text == content


@pytest.mark.parametrize(
    "wrapped",
    [f"```markdown\n{README}```\n", f"````markdown\n{README}````\n", f"````\n{README}````\n", f"~~~md\n{README}~~~\n",
     "```md\n# T\n```\n"],
)  # fmt: skip
def test_a_readme_in_what_can_only_be_a_wrapper_is_unwrapped(wrapped: str) -> None:
    assert only(block("README.md", wrapped)).text == (README if "Todo" in wrapped else "# T\n")


@pytest.mark.parametrize(
    "content",
    [
        "```\n# a shell comment\nls\n```\n",
        "```bash\nls\n```\n",
        "````\nnot a heading\n````\n",
        "```markdown\n# A\n```\n\nand\n\n```markdown\n# B\n```\n",
        "```markdown\nA\n```\n\n```\nB\n```\n\n```\nC\n```\n",
        "````markdown\n# A\n````\n\n````\n# B\n````\n",
        "```markdown\n# A\n\n```bash\nls\n```\n",
    ],
)
@pytest.mark.parametrize("path", ["README.md", "notes.txt", "prompts/ask.j2", "README"])
def test_a_text_that_begins_and_ends_with_a_fence_of_its_own_stays(path: str, content: str) -> None:
    assert only(block(path, content)).text == content


@pytest.mark.parametrize("end", ["a.py", "`a.py`", "./a.py", "", "a.py mode=644"])
def test_end_names_its_file_or_nothing(end: str) -> None:
    assert only(block("a.py", "x\n", end=end)).text == "x\n"


def test_end_of_another_file_is_refused() -> None:
    assert (
        problem(block("a.py", "x\n", end="b.py"))
        == "a.py is ended by an END line of b.py. END names the file that it ends."
    )


def test_end_with_a_wrong_nonce_is_content_and_leaves_the_file_open() -> None:
    reply = parse_files(f"<<<FILE {N} a.py>>>\nx\n<<<END 00000000 a.py>>>\n", N)
    assert reply == FileReply(unclosed="a.py")


def test_next_file_without_an_end_is_refused() -> None:
    assert "a.py has no END line" in problem(f"<<<FILE {N} a.py>>>\nx\n" + block("b.py", "y\n"))
    assert "a.py has no END line" in problem(f"<<<FILE {N} a.py>>>\nx\n" + edit("a.py", ("y\n", "z\n")))


def test_an_end_without_a_file_is_refused_unless_it_is_said_twice() -> None:
    assert "comes without its FILE" in problem(f"<<<END {N} a.py>>>\n")
    assert "comes without its FILE" in problem(block("a.py", "x\n") + f"<<<END {N} b.py>>>\n")
    assert only(block("a.py", "x\n") + f"<<<END {N} a.py>>>\n").text == "x\n"


def test_an_end_behind_the_last_line_ends_the_file() -> None:
    assert only(f"<<<FILE {N} a.py>>>\nx = 1\ny = 2<<<END {N} a.py>>>").text == "x = 1\ny = 2\n"


@pytest.mark.parametrize(
    "line",
    [f"<<<FILE {N}>>>", f"<<<FILE {N} a.py", f"<<<FILE {N} a.py>>> x = 1", f"<<<END {N} a.py>> x", f"  <<<EDIT {N} b"],
)
def test_a_marker_that_is_out_of_form_is_refused_wherever_it_stands(line: str) -> None:
    assert problem(f"{line}\nx\n")
    assert problem(f"<<<FILE {N} a.py>>>\n{line}\nx\n<<<END {N} a.py>>>\n")


def test_a_marker_of_a_megabyte_is_refused() -> None:
    assert "not in the asked form" in problem(f"<<<FILE {N} a.py{' mode=644' * 100_000}>>>\nx\n")


def test_a_header_without_the_nonce_is_told_instead_of_losing_the_file() -> None:
    assert N in problem("<<<FILE a.py mode=644>>>\nx\n<<<END a.py>>>\n")
    assert N in problem("<<<EDIT 00000000 a.py>>>\nx\n<<<END 00000000 a.py>>>\n")


@pytest.mark.parametrize("second", ["a.py", "A.py", "a.PY", "./a.py"])
def test_a_path_given_twice_or_in_two_cases_is_refused(second: str) -> None:
    assert problem(block("a.py", "x\n") + block(second, "y\n"))
    assert problem(block("a.py", "x\n") + edit(second, ("x\n", "y\n")))
    assert problem(edit(second, ("x\n", "y\n")) + block("a.py", "x\n"))


def test_edits_keep_their_lines_and_order_also_over_two_blocks() -> None:
    text = edit("a.py", ("  old\n\n", "new\n\nlines\n"), ("b\n", "")) + edit("a.py", ("c\n", "d\n"))
    assert parse_files(text, N).edits == {"a.py": (Edit("  old\n", "new\n\nlines"), Edit("b", ""), Edit("c", "d"))}


@pytest.mark.parametrize(
    "inner",
    [
        "", "x = 1\n", f"<<<SEARCH {N}>>>\nx\n", f"<<<REPLACE {N}>>>\nx\n",
        f"text\n<<<SEARCH {N}>>>\na\n<<<REPLACE {N}>>>\nb\n",
        f"<<<SEARCH {N}>>>\na\n<<<SEARCH {N}>>>\nb\n<<<REPLACE {N}>>>\nc\n",
        f"<<<SEARCH {N}>>>\na\n<<<REPLACE {N}>>>\nb\n<<<REPLACE {N}>>>\nc\n",
    ],
)  # fmt: skip
def test_edits_whose_parts_do_not_come_in_turns_are_refused(inner: str) -> None:
    assert "a.py needs SEARCH and REPLACE" in problem(f"<<<EDIT {N} a.py>>>\n{inner}<<<END {N} a.py>>>\n")


def test_parts_of_an_edit_never_end_up_inside_a_file() -> None:
    assert "only inside an EDIT" in problem(block("a.py", f"<<<SEARCH {N}>>>\nx\n<<<REPLACE {N}>>>\ny\n"))
    assert "only inside an EDIT" in problem(f"<<<SEARCH {N}>>>\nx\n")


def test_too_long_a_reply_is_refused() -> None:
    assert "4 MiB" in problem("x" * (4 * 1024 * 1024 + 1))
