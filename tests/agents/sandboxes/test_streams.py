"""Tar streams: equal trees give equal bytes, and of what an untrusted program packs only safe files come out."""

from __future__ import annotations

import io
import tarfile

import pytest

from agents.errors import SandboxFailure
from agents.paths import MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES
from agents.sandboxes.streams import pack, unpack
from agents.types import MODE_EXECUTABLE, SourceFile


def tar(*members: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A stream of plain files by name and content, and of other members without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member, io.BytesIO(bytes(member.size)))
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                archive.addfile(entry, io.BytesIO(member[1]))
    return buffer.getvalue()


def member(kind: bytes, name: str = "bad", link: str = "", size: int = 0) -> tarfile.TarInfo:
    """A member of some other kind."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, link, size
    return entry


GOOD = ("good.txt", b"good")
KEPT = [SourceFile("good.txt", b"good")]


def test_what_is_packed_comes_out_the_same() -> None:
    files = [
        SourceFile("a.txt", b"a"),
        SourceFile("b/c/d.sh", b"#!/bin/sh\n", MODE_EXECUTABLE),
        SourceFile("b/\u00fc " + "long" * 40 + ".bin", bytes(range(256)) * 40),
        SourceFile("empty", b""),
    ]
    assert unpack(pack(files)) == files


def test_equal_trees_give_equal_bytes_and_folders_stand_before_their_files() -> None:
    files = [SourceFile("b/c/d.txt", b"d"), SourceFile("b/e.txt", b"e")]
    assert pack(files) == pack(files)
    with tarfile.open(fileobj=io.BytesIO(pack(files))) as archive:
        assert archive.getnames() == ["b", "b/c", "b/c/d.txt", "b/e.txt"]
        assert {entry.mtime for entry in archive} == {0}


@pytest.mark.parametrize(
    "bad",
    [
        member(tarfile.SYMTYPE, link="/etc/passwd"),
        member(tarfile.SYMTYPE, link="good.txt"),
        member(tarfile.LNKTYPE, link="good.txt"),
        member(tarfile.LNKTYPE, link="../../etc/passwd"),
        member(tarfile.FIFOTYPE),
        member(tarfile.CHRTYPE),
        member(tarfile.BLKTYPE),
        member(tarfile.DIRTYPE),
        member(tarfile.CONTTYPE, link="x"),
        member(b"Z"),
        member(tarfile.REGTYPE, size=MAX_FILE_BYTES + 1),
        ("/absolute.txt", b"x"),
        ("../outside.txt", b"x"),
        ("a/../../outside.txt", b"x"),
        ("a//b.txt", b"x"),
        ("./", b"x"),
        (".git/config", b"x"),
        (".env", b"x"),
        ("a\nb.py", b"x"),
        ("evil\u202etxt.py", b"x"),
        ("CON.txt", b"x"),
        ("a\\b.py", b"x"),
        ("trailing. ", b"x"),
        ("/".join("d" * 1 for _ in range(MAX_DEPTH + 1)), b"x"),
        ("n" * 201, b"x"),
    ],
    ids=lambda bad: repr(bad if isinstance(bad, tuple) else (bad.name, bad.type, bad.linkname))[:40],
)
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_that_are_not_safe_plain_files_are_left_out(
    bad: tarfile.TarInfo | tuple[str, bytes], form: int
) -> None:
    found = unpack(tar(bad, GOOD, form=form))
    # A contiguous file is an old word for a plain one.
    assert [file for file in found if file.path != "bad" or file.content] == KEPT


def test_leading_dots_are_taken_off() -> None:
    assert unpack(tar(("./good.txt", b"good"))) == KEPT


def test_sparse_files_are_left_out() -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "99999"}
    entry = tarfile.TarInfo("s")
    entry.size, entry.pax_headers = 512, headers
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry, io.BytesIO(b"1\n0\n0\n".ljust(512, b"\0")))
    assert unpack(buffer.getvalue() + tar(GOOD)) == []


def test_at_most_so_many_files_come_out() -> None:
    found = unpack(tar(*((f"f{n}", b"") for n in range(MAX_FILES + 5))))
    assert len(found) == MAX_FILES


def test_at_most_so_many_bytes_come_out() -> None:
    big = bytes(MAX_FILE_BYTES)
    found = unpack(tar(*((f"f{n}", big) for n in range(MAX_TOTAL_BYTES // MAX_FILE_BYTES + 3))))
    assert sum(len(file.content) for file in found) == MAX_TOTAL_BYTES


def test_a_stream_cut_between_members_gives_what_came_before() -> None:
    assert unpack(tar(("a.txt", b"x" * 512), GOOD)[:1024]) == [SourceFile("a.txt", b"x" * 512)]


@pytest.mark.parametrize("cut", [1, 511, 512, 700, 1536])
def test_a_stream_cut_within_a_member_is_refused_with_a_sentence(cut: int) -> None:
    with pytest.raises(SandboxFailure, match="could not be read back"):
        unpack(tar(("a.txt", b"x" * 512), GOOD)[:cut])


@pytest.mark.parametrize("stream", [b"not a tar", b"\xff" * 2048, b"\x1f\x8b" + bytes(2000)])
def test_what_is_no_tar_is_refused_with_a_sentence(stream: bytes) -> None:
    with pytest.raises(SandboxFailure, match="could not be read back"):
        unpack(stream)


def test_an_empty_archive_gives_no_files() -> None:
    assert unpack(tar()) == []
