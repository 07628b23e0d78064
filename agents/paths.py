"""Which paths and sizes an application may have: the only escape check in the project."""

from __future__ import annotations

import re
import unicodedata

from agents.errors import WorkspaceError

MAX_FILES = 5_000
MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_TOTAL_BYTES = 100 * 1024 * 1024
MAX_DEPTH = 32

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]|[\u202a-\u202e\u2066-\u2069]')
_DEVICE_NAMES = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))}
_FORBIDDEN_FIRST = {".git", "node_modules", ".venv", "__pycache__"}


def safe_relpath(path: str) -> str:
    """The path if it is a plain relative POSIX path that is safe on every system.

    Raises WorkspaceError with a sentence otherwise.
    """
    parts = path.split("/")
    problem = ""
    if not path or len(path) > 200:
        problem = "is empty or longer than 200 characters"
    elif _FORBIDDEN.search(path) or not path.isprintable():
        problem = "holds a character that not every system takes"
    elif path.startswith(("/", "~")) or any(part in ("", ".", "..") for part in parts):
        problem = "is not a plain path below the application's folder"
    elif len(parts) > MAX_DEPTH:
        problem = f"is deeper than {MAX_DEPTH} folders"
    elif any(part.endswith((".", " ")) or part.split(".")[0].lower() in _DEVICE_NAMES for part in parts):
        problem = "has a part that Windows cannot store"
    elif parts[0] in _FORBIDDEN_FIRST or path == ".env":
        problem = "is a place that an application must not deliver"
    if problem:
        raise WorkspaceError(f"The path {path[:120]!r} {problem}.")
    return unicodedata.normalize("NFC", path)
