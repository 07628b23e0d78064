"""Changes a person makes by hand to the files or the plan of a checkpoint, before a run begins from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from agents.errors import WorkspaceError
from agents.paths import safe_relpath
from agents.types import MODE_FILE, SourceFile
from agents.workspace import Workspace
from generations.artifacts import tree_of
from generations.errors import LaunchError
from generations.keys import remember_keys
from generations.masking import mask_known, mask_value
from generations.models import Artifact, Blob, Checkpoint, Draft, DraftFile
from generations.talking import EditedPlan, check_plan
from generations.text import storable

MAX_EDITED_BYTES = 512 * 1024
GONE = ""


class EditConflict(LaunchError):
    """Somebody else, or another tab, saved first. ``saved`` is what stands there now, None where the file is gone."""

    def __init__(self, message: str, saved: SourceFile | None = None) -> None:
        super().__init__(message)
        self.saved = saved


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file of a checkpoint with its edits. ``change`` is '', 'new', 'changed' or 'removed'."""

    path: str
    size: int
    change: str


def file_now(checkpoint: Checkpoint, path: str) -> SourceFile | None:
    """A file as it stands with the edits; None where there is none."""
    edit = DraftFile.objects.filter(draft=checkpoint.pk, path=path).select_related("blob").first()
    if edit is not None:
        return None if edit.blob is None else SourceFile(path, edit.blob.content(), edit.mode)
    return _original(checkpoint, path)


def is_text(file: SourceFile) -> bool:
    """Whether an editor can show a file and give it back unharmed."""
    try:
        return len(file.content) <= MAX_EDITED_BYTES and "\x00" not in file.content.decode()
    except UnicodeDecodeError:
        return False


def version_of(file: SourceFile | None) -> str:
    """What an editor holds against the saved file: the hash of its content, '' for no file."""
    return GONE if file is None else hashlib.sha256(file.content).hexdigest()


def edited_files(checkpoint: Checkpoint) -> list[EditedFile]:
    """All files by path, with what was done to them."""
    listed = {row.path: EditedFile(row.path, row.blob.size, "") for row in tree_of(checkpoint)}
    for edit in DraftFile.objects.filter(draft=checkpoint.pk).select_related("blob"):
        change = "removed" if edit.blob is None else "changed" if edit.path in listed else "new"
        listed[edit.path] = EditedFile(edit.path, edit.blob.size if edit.blob else 0, change)
    return [listed[path] for path in sorted(listed)]


def with_edits(checkpoint: Checkpoint, files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """A checkpoint's files as its person wants them."""
    tree = {file.path: file for file in files}
    for edit in DraftFile.objects.filter(draft=checkpoint.pk).select_related("blob"):
        if edit.blob is None:
            tree.pop(edit.path, None)
        else:
            tree[edit.path] = SourceFile(edit.path, edit.blob.content(), edit.mode)
    return tuple(tree[path] for path in sorted(tree))


def save_file(checkpoint: Checkpoint, path: str, text: str, seen: str) -> None:
    """Save one file. ``seen`` is the version that the editor was opened with ('' for a new file).

    Raises EditConflict when it was saved in between, LaunchError for a path, text or size that cannot be.
    """
    file = _checked(checkpoint, path, text)
    with transaction.atomic():
        draft = _locked(checkpoint, file.path, seen)
        _check_tree((*with_edits(checkpoint, _files(checkpoint, file.path)), file))
        _store(draft, checkpoint, file.path, file)


def remove_file(checkpoint: Checkpoint, path: str, seen: str) -> None:
    """Take one file away. Raises EditConflict."""
    with transaction.atomic():
        _store(_locked(checkpoint, path, seen), checkpoint, path, None)


def save_plan(checkpoint: Checkpoint, plan: EditedPlan, seen: int) -> None:
    """Save the edited plan. Raises EditConflict when anything was saved since version ``seen``, and LaunchError."""
    check_plan(plan)
    with transaction.atomic():
        draft, _ = Draft.objects.select_for_update().get_or_create(pk=checkpoint.pk)
        if draft.version != seen:
            raise EditConflict("The plan was saved in between from somewhere else.")
        remember_keys(checkpoint.run.project.owner)
        document = mask_value(storable(plan.model_dump(mode="json")), known_only=True)
        Draft.objects.filter(pk=draft.pk).update(plan=document, version=F("version") + 1)


def discard(checkpoint: Checkpoint) -> None:
    """Forget all edits of a checkpoint, with the contents that nothing else needs."""
    with transaction.atomic():
        blobs = list(DraftFile.objects.filter(draft=checkpoint.pk).values_list("blob_id", flat=True))
        Draft.objects.filter(pk=checkpoint.pk).delete()
        Blob.objects.sweep([pk for pk in blobs if pk])


def _checked(checkpoint: Checkpoint, path: str, text: str) -> SourceFile:
    remember_keys(checkpoint.run.project.owner)
    try:
        safe = safe_relpath(mask_known(path))
    except WorkspaceError as error:
        raise LaunchError(str(error), "path") from error
    before = file_now(checkpoint, safe)
    if before is not None and not is_text(before):
        raise LaunchError(f"{safe} is not text, so it cannot be edited here.", "path")
    text = mask_known(str(storable(text))).replace("\r\n", "\n")
    if before is not None and b"\r\n" in before.content:
        # A browser sends all lines with both characters; what had only one keeps it so.
        text = text.replace("\n", "\r\n")
    content = text.encode()
    if len(content) > MAX_EDITED_BYTES:
        raise LaunchError(f"{safe} would be larger than {MAX_EDITED_BYTES // 1024} KiB; that is too much.", "text")
    return SourceFile(safe, content, MODE_FILE if before is None else before.mode)


def _check_tree(files: tuple[SourceFile, ...]) -> None:
    try:
        Workspace(files)
    except WorkspaceError as error:
        raise LaunchError(str(error), "path") from error


def _locked(checkpoint: Checkpoint, path: str, seen: str) -> Draft:
    """The draft, held for this transaction, if the file is still what the editor was opened with."""
    draft, _ = Draft.objects.select_for_update().get_or_create(pk=checkpoint.pk)
    saved = file_now(checkpoint, path)
    if version_of(saved) != seen:
        raise EditConflict(f"{path} was saved in between from somewhere else.", saved)
    return draft


def _store(draft: Draft, checkpoint: Checkpoint, path: str, file: SourceFile | None) -> None:
    """Keep the difference to the checkpoint; a file that is as it was there is no edit."""
    rows = DraftFile.objects.filter(draft=draft, path=path)
    before = list(rows.values_list("blob_id", flat=True))
    rows.delete()
    if file != _original(checkpoint, path):
        blob, mode = (None, MODE_FILE) if file is None else (_stored(file), file.mode)
        DraftFile.objects.create(draft=draft, path=path, mode=mode, blob_id=blob)
    Draft.objects.filter(pk=draft.pk).update(version=F("version") + 1)
    Blob.objects.sweep([pk for pk in before if pk])


def _stored(file: SourceFile) -> str:
    sha = hashlib.sha256(file.content).hexdigest()
    Blob.objects.store({sha: file.content})
    return sha


def _original(checkpoint: Checkpoint, path: str) -> SourceFile | None:
    row = Artifact.objects.filter(checkpoint=checkpoint, path=path).select_related("blob").first()
    return None if row is None else row.source_file()


def _files(checkpoint: Checkpoint, without: str) -> tuple[SourceFile, ...]:
    rows = Artifact.objects.filter(checkpoint=checkpoint).exclude(path=without).select_related("blob")
    return tuple(row.source_file() for row in rows)
