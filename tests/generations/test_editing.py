"""Files and plan of a checkpoint are changed by hand before a run begins from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.context import StageMeasures
from agents.types import SourceFile, StageName
from generations import again, editing
from generations.again import Wishes, run_again, start_at
from generations.errors import LaunchError
from generations.models import Blob, Checkpoint, Draft, Run
from generations.talking import EditedPlan
from tests.factories import claim, make_run, make_run_at_rest, make_state, newest_of

pytestmark = pytest.mark.django_db
THREE = (StageName.REQUIREMENTS, StageName.STRUCTURE, StageName.CODE)
ALL = tuple(StageName)


def wishes(run: Run, **changes: object) -> Wishes:
    return replace(Wishes.none(run), **changes)


def test_files_edited_by_hand_are_in_the_fork_and_are_read_and_proved_again() -> None:
    run = make_run_at_rest(*ALL)
    checkpoint = newest_of(run, StageName.FORMATTING)
    editing.save_file(
        checkpoint, "code.py", "STAGE = 'mine'\n", editing.version_of(editing.file_now(checkpoint, "code.py"))
    )
    editing.save_file(checkpoint, "docs/new.md", "# New\r\nline\r\n", "")
    editing.remove_file(checkpoint, "extras.py", editing.version_of(editing.file_now(checkpoint, "extras.py")))
    start = start_at(run, checkpoint)
    assert start.again == (StageName.VALIDATION, StageName.FORMATTING, StageName.EXECUTION)
    assert start.edited == ("code.py", "docs/new.md", "extras.py")
    fork = run_again(run, checkpoint, wishes(run, version=start.version))
    tree = {file.path: file.text for file in claim(fork).last_state()[1]}
    assert tree["code.py"] == "STAGE = 'mine'\n"
    assert tree["docs/new.md"] == "# New\nline\n"
    assert "extras.py" not in tree
    assert fork.settings["forked"]["edited"] == ["code.py", "docs/new.md", "extras.py"]
    # The checkpoint itself is as it was, and the edits are spent.
    assert "extras.py" in checkpoint.artifacts.values_list("path", flat=True)
    assert not Draft.objects.exists()


def test_the_second_editor_of_a_file_gets_a_conflict_and_nothing_is_lost() -> None:
    checkpoint = newest_of(make_run_at_rest(*THREE), StageName.CODE)
    seen = editing.version_of(editing.file_now(checkpoint, "code.py"))
    editing.save_file(checkpoint, "code.py", "first\n", seen)
    with pytest.raises(editing.EditConflict) as caught:
        editing.save_file(checkpoint, "code.py", "second\n", seen)
    assert caught.value.saved is not None
    assert caught.value.saved.text == "first\n"
    with pytest.raises(editing.EditConflict):
        editing.remove_file(checkpoint, "code.py", seen)
    with pytest.raises(editing.EditConflict):
        editing.save_file(checkpoint, "code.py", "third\n", "")
    editing.save_file(checkpoint, "structure.py", "other file\n", _version(checkpoint, "structure.py"))
    editing.save_file(checkpoint, "code.py", "second\n", editing.version_of(caught.value.saved))
    assert _text(checkpoint, "code.py") == "second\n"
    assert _text(checkpoint, "structure.py") == "other file\n"


def _version(checkpoint: Checkpoint, path: str) -> str:
    return editing.version_of(editing.file_now(checkpoint, path))


def _text(checkpoint: Checkpoint, path: str) -> str:
    file = editing.file_now(checkpoint, path)
    return "" if file is None else file.text


@pytest.mark.parametrize(
    ("path", "text", "part"),
    [
        ("../escape.py", "x", "not a plain path"),
        ("/etc/passwd", "x", "not a plain path"),
        (".git/hooks/post-commit", "x", "must not deliver"),
        ("a\x00b", "x", "not every system"),
        ("code.py/below.py", "x", "is a file"),
        ("CODE.py", "x", "one file on some systems"),
        ("big.txt", "x" * (512 * 1024 + 1), "too much"),
    ],
)
def test_a_path_or_size_that_cannot_be_is_refused_with_a_sentence(path: str, text: str, part: str) -> None:
    checkpoint = newest_of(make_run_at_rest(*THREE), StageName.CODE)
    with pytest.raises(LaunchError, match=part):
        editing.save_file(checkpoint, path, text, "")
    assert all(not file.change for file in editing.edited_files(checkpoint))


def test_a_file_that_is_not_text_is_not_edited() -> None:
    journal = claim(make_run())
    files = (SourceFile("logo.png", b"\x89PNG\xff\x00"),)
    journal.checkpoint(StageName.CODE, make_state(journal.run, *THREE), files, StageMeasures(seconds=1))
    checkpoint = journal.run.checkpoints.get()
    with pytest.raises(LaunchError, match="not text"):
        editing.save_file(checkpoint, "logo.png", "x", _version(checkpoint, "logo.png"))


def test_an_edit_that_is_taken_back_is_none_and_leaves_nothing() -> None:
    run = make_run_at_rest(*THREE)
    checkpoint, blobs = newest_of(run, StageName.CODE), Blob.objects.count()
    before = _text(checkpoint, "code.py")
    editing.save_file(checkpoint, "code.py", "mine\n", _version(checkpoint, "code.py"))
    assert Blob.objects.count() == blobs + 1
    editing.save_file(checkpoint, "code.py", before, _version(checkpoint, "code.py"))
    assert (start_at(run, checkpoint).edited, Blob.objects.count()) == ((), blobs)
    editing.save_file(checkpoint, "code.py", "mine\n", _version(checkpoint, "code.py"))
    editing.discard(checkpoint)
    assert (start_at(run, checkpoint).edited, Blob.objects.count()) == ((), blobs)


def test_line_ends_stay_as_the_file_has_them() -> None:
    journal = claim(make_run())
    files = (SourceFile("dos.bat", b"@echo off\r\n", 0o755),)
    journal.checkpoint(StageName.CODE, make_state(journal.run, *THREE), files, StageMeasures(seconds=1))
    checkpoint = journal.run.checkpoints.get()
    editing.save_file(checkpoint, "dos.bat", "@echo on\r\npause\r\n", _version(checkpoint, "dos.bat"))
    assert editing.file_now(checkpoint, "dos.bat") == SourceFile("dos.bat", b"@echo on\r\npause\r\n", 0o755)


def test_an_edited_plan_is_what_the_fork_carries_out() -> None:
    run = make_run_at_rest(*THREE)
    checkpoint = newest_of(run, StageName.STRUCTURE)
    state = start_at(run, checkpoint).state
    assert state is not None
    plan = state.needed_plan().model_copy(
        update={"commands": state.needed_plan().commands.model_copy(update={"test": "x"})}
    )
    edited = EditedPlan(requirements=state.needed_requirements(), plan=plan)
    editing.save_plan(checkpoint, edited, 0)
    with pytest.raises(editing.EditConflict):
        editing.save_plan(checkpoint, edited, 0)
    with pytest.raises(LaunchError, match="changed since"):
        run_again(run, checkpoint, wishes(run, version=0))
    fork = run_again(run, checkpoint, wishes(run, version=1))
    assert claim(fork).last_state()[0].needed_plan().commands.test == "x"
    assert (fork.pk != run.pk, fork.settings["forked"]["edited"]) == (True, [again.PLAN])
