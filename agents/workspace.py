"""The tree of files that a run builds, held in memory: nothing here touches the host's disk."""

from __future__ import annotations

import hashlib
import threading
import unicodedata
from collections.abc import Iterable

from agents.errors import WorkspaceError
from agents.paths import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, safe_relpath
from agents.types import MODE_EXECUTABLE, MODE_FILE, SourceFile

__all__ = ["Workspace", "safe_relpath", "tree_hash"]


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


class Workspace:
    """Files by path. Thread-safe; refuses unsafe paths, collisions and sizes over the limits."""

    def __init__(self, files: Iterable[SourceFile] = ()) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, SourceFile] = {}
        self._folded: dict[str, str] = {}
        for file in files:
            self.write(file)

    def write(self, file: SourceFile) -> None:
        """Add or replace one file. Raises WorkspaceError; then nothing has changed."""
        path = safe_relpath(file.path)
        if file.mode not in (MODE_FILE, MODE_EXECUTABLE):
            raise WorkspaceError(f"{path} has the mode {file.mode:o}; only 644 and 755 are delivered.")
        if len(file.content) > MAX_FILE_BYTES:
            raise WorkspaceError(f"{path} is larger than {MAX_FILE_BYTES // 1024**2} MiB.")
        with self._lock:
            self._check_room(path, file)
            self._files[path] = SourceFile(path, file.content, file.mode)
            self._folded[_fold(path)] = path

    def _check_room(self, path: str, file: SourceFile) -> None:
        twin = self._folded.get(_fold(path))
        if twin is not None and twin != path:
            raise WorkspaceError(f"{path} and {twin} are one file on some systems.")
        folder = path
        while "/" in folder:
            folder = folder.rsplit("/", 1)[0]
            if _fold(folder) in self._folded:
                raise WorkspaceError(f"{folder} is a file, so {path} cannot be below it.")
        if any(known.startswith(_fold(path) + "/") for known in self._folded):
            raise WorkspaceError(f"{path} is a folder already.")
        if path not in self._files and len(self._files) >= MAX_FILES:
            raise WorkspaceError(f"An application has at most {MAX_FILES} files.")
        total = sum(len(f.content) for p, f in self._files.items() if p != path) + len(file.content)
        if total > MAX_TOTAL_BYTES:
            raise WorkspaceError(f"An application has at most {MAX_TOTAL_BYTES // 1024**2} MiB.")

    def remove(self, path: str) -> None:
        """Take one file away; an unknown path is no error."""
        with self._lock:
            if self._files.pop(path, None) is not None:
                del self._folded[_fold(path)]

    def read(self, path: str) -> SourceFile | None:
        """The file at a path, or None."""
        with self._lock:
            return self._files.get(path)

    def files(self) -> tuple[SourceFile, ...]:
        """All files, sorted by path: a snapshot."""
        with self._lock:
            return tuple(self._files[path] for path in sorted(self._files))

    def restore(self, files: Iterable[SourceFile]) -> None:
        """Replace the whole tree, e.g. by the best attempt's snapshot."""
        fresh = Workspace(files)
        with self._lock:
            self._files, self._folded = fresh._files, fresh._folded


def tree_hash(files: Iterable[SourceFile]) -> str:
    """SHA-256 over every path, mode and content, in path order: equal trees have equal hashes."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda f: f.path):
        inner = hashlib.sha256(file.content).hexdigest()
        digest.update(f"{file.path}\0{file.mode:o}\0{inner}\n".encode())
    return digest.hexdigest()
