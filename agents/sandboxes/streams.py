"""Files in and out of a sandbox as tar streams; every member that comes out is checked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable

from agents.errors import SandboxFailure, WorkspaceError
from agents.paths import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, safe_relpath
from agents.types import MODE_EXECUTABLE, MODE_FILE, SourceFile

# The headers and padding of MAX_FILES members, on top of their contents.
MAX_STREAM_BYTES = MAX_TOTAL_BYTES + MAX_FILES * 4096


def pack(files: Iterable[SourceFile]) -> bytes:
    """An uncompressed tar of the files with their folders; times are zero, so equal trees give equal bytes."""
    buffer = io.BytesIO()
    folders: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for file in files:
            for folder in _parents(file.path):
                if folder not in folders:
                    folders.add(folder)
                    entry = tarfile.TarInfo(folder)
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(entry)
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode = len(file.content), file.mode
            archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def unpack(packed: bytes) -> list[SourceFile]:
    """The regular files of a tar stream that an untrusted program may have shaped.

    Links, devices, unsafe names, files over the limits and a second name that some systems take for the first are left
    out. Raises SandboxFailure for a broken stream.
    """
    found: dict[str, SourceFile] = {}
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
            for member in archive:
                path = _path(member)
                if path.casefold() in found or total + member.size > MAX_TOTAL_BYTES or len(found) >= MAX_FILES:
                    continue
                stream = archive.extractfile(member) if path else None
                if stream is None:
                    continue
                total += member.size
                mode = MODE_EXECUTABLE if member.mode & 0o100 else MODE_FILE
                found[path.casefold()] = SourceFile(path, stream.read(), mode)
    except (tarfile.TarError, EOFError, OverflowError) as error:
        raise SandboxFailure("The files could not be read back from the sandbox; try the run again.") from error
    return list(found.values())


def _path(member: tarfile.TarInfo) -> str:
    """The safe path of a plain file of a bearable size, in its one form; '' for all others."""
    # isreg() is also true for sparse files, whose size on the wire is not the size they claim.
    if not member.isreg() or member.issparse() or not 0 <= member.size <= MAX_FILE_BYTES:
        return ""
    try:
        return safe_relpath(member.name.removeprefix("./"))
    except WorkspaceError:
        return ""


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]
