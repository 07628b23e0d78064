"""Files of a run: listed, compared, packed and written out."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import Http404
from pytest_django import DjangoAssertNumQueries

from agents.context import StageMeasures
from agents.errors import WorkspaceError
from agents.types import SourceFile, StageName
from generations import artifacts
from generations.errors import OutputRefused
from generations.journal import RunJournal
from generations.models import Artifact, Checkpoint
from tests.factories import claim, make_project, make_run, make_state

FILES = (
    SourceFile("app/main.py", b"print('hi')\n"),
    SourceFile("start.sh", b"#!/bin/sh\nexec python app/main.py\n", 0o755),
    SourceFile("größe.txt", b""),
)


def run_with(*trees: tuple[SourceFile, ...]) -> RunJournal:
    journal = claim(make_run(make_project(name="Weather")))
    for files in trees:
        journal.checkpoint(StageName.CODE, make_state(journal.run), files, StageMeasures(seconds=1))
    return journal


def unzipped(journal: RunJournal) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(artifacts.zip_chunks(journal.run))))


@pytest.mark.django_db
def test_a_run_without_files_has_an_empty_tree_and_zip() -> None:
    journal = run_with()
    assert list(artifacts.tree(journal.run)) == []
    assert unzipped(journal).namelist() == []


@pytest.mark.django_db
def test_the_tree_is_that_of_the_newest_checkpoint_with_files() -> None:
    journal = run_with(FILES[:1], FILES)
    journal.checkpoint_failed(StageName.TESTS, "no", StageMeasures(seconds=1))
    assert [row.path for row in artifacts.tree(journal.run)] == ["app/main.py", "größe.txt", "start.sh"]
    journal.keep_partial(FILES[:2], "Stopped")
    assert artifacts.tree(journal.run).count() == 2


@pytest.mark.django_db
def test_listing_a_tree_takes_two_queries_whatever_its_size(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    journal = run_with(tuple(SourceFile(f"f{n}.py", b"%d" % n) for n in range(60)))
    with django_assert_num_queries(2):
        assert sum(row.blob.size for row in artifacts.tree(journal.run)) == 110


@pytest.mark.django_db
def test_one_file_is_found_by_its_path_in_its_own_run_only() -> None:
    journal, other = run_with(FILES), run_with(FILES[:1])
    assert artifacts.file(journal.run, "start.sh").source_file() == FILES[1]
    for path in ("start.sh", "../start.sh", "", "app"):
        with pytest.raises(Http404):
            artifacts.file(other.run, path)


@pytest.mark.django_db
def test_a_difference_names_added_removed_and_changed_paths() -> None:
    changed = (SourceFile("app/main.py", b"print('ho')\n"), SourceFile("start.sh", FILES[1].content), FILES[2])
    journal = run_with((*FILES, SourceFile("old.py", b"")), (*changed, SourceFile("new.py", b"")))
    old, new = journal.run.checkpoints.all()
    found = artifacts.diff(old, new)
    assert found == artifacts.TreeDiff(("new.py",), ("old.py",), ("app/main.py", "start.sh"))
    assert artifacts.diff(None, new).added == ("app/main.py", "größe.txt", "new.py", "start.sh")


@pytest.mark.django_db
def test_the_zip_holds_every_file_with_its_mode_below_one_folder(tmp_path: Path) -> None:
    archive = unzipped(run_with(FILES))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == ["weather/app/main.py", "weather/größe.txt", "weather/start.sh"]
    assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in archive.infolist())
    (tmp_path / "a.zip").write_bytes(archive.fp.getvalue())  # type: ignore[union-attr]
    subprocess.run(["unzip", "-q", "a.zip"], cwd=tmp_path, check=True)
    assert (tmp_path / "weather/app/main.py").read_bytes() == FILES[0].content
    assert (tmp_path / "weather/start.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "weather/app/main.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.django_db
def test_the_zip_comes_in_pieces_and_equal_trees_give_equal_bytes() -> None:
    journal = run_with(FILES)
    chunks = list(artifacts.zip_chunks(journal.run))
    assert len(chunks) == len(FILES) + 1
    assert chunks == list(artifacts.zip_chunks(journal.run))


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["../evil.py", "/etc/evil", "a/../../evil", "C:\\evil", ".git/hooks/x", "a\x01b"])
def test_an_unsafe_name_in_the_database_is_neither_packed_nor_written(path: str, tmp_path: Path) -> None:
    journal = run_with(FILES)
    Artifact.objects.filter(path="start.sh").update(path=path)
    with pytest.raises(WorkspaceError):
        list(artifacts.zip_chunks(journal.run))
    with pytest.raises(WorkspaceError):
        artifacts.write_to(journal.run, tmp_path / "a" / "out")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.django_db
def test_files_are_written_with_their_modes(tmp_path: Path) -> None:
    journal = run_with(FILES)
    written = artifacts.write_to(journal.run, tmp_path / "deep" / "out")
    assert sorted(path.name for path in written) == ["größe.txt", "main.py", "start.sh"]
    assert (tmp_path / "deep/out/start.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "deep/out/app/main.py").read_bytes() == FILES[0].content


@pytest.mark.django_db
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputRefused, match="holds other files"):
        artifacts.write_to(run_with(FILES).run, tmp_path)
    with pytest.raises(OutputRefused, match="is a file"):
        artifacts.write_to(run_with(FILES).run, tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.django_db
def test_the_folder_of_the_same_project_is_brought_up_to_date(tmp_path: Path, user: User) -> None:
    journal = run_with(FILES)
    out = tmp_path / "out"
    artifacts.write_to(journal.run, out)
    (out / "notes.txt").write_text("mine")
    journal.checkpoint(StageName.CODE, make_state(journal.run), FILES[:1], StageMeasures(seconds=1))
    artifacts.write_to(journal.run, out)
    assert not (out / "start.sh").exists()
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(OutputRefused):
        artifacts.write_to(run_with(FILES).run, out)


@pytest.mark.django_db
@pytest.mark.parametrize("link", ["app", "start.sh"])
def test_a_link_in_the_folder_is_not_followed_out_of_it(link: str, tmp_path: Path) -> None:
    journal = run_with(FILES)
    out, outside = tmp_path / "out", tmp_path / "outside"
    artifacts.write_to(journal.run, out)
    outside.mkdir()
    (out / "app/main.py").unlink()
    (out / "app").rmdir()
    (out / "start.sh").unlink()
    (out / link).symlink_to(outside if link == "app" else outside / "start.sh")
    with pytest.raises(OutputRefused):
        artifacts.write_to(journal.run, out)
    assert list(outside.iterdir()) == []
    assert Checkpoint.objects.count() == 1
