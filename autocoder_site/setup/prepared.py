"""Remembers that this very state of the checkout was prepared, so that a later start may check after it has started."""

from __future__ import annotations

import hashlib
from pathlib import Path

from autocoder_site.setup import ROOT
from autocoder_site.setup.environment import setting


def is_prepared() -> bool:
    """Whether 'prepare' went well before with the same database and migrations, and the default database is there."""
    mark = _mark()
    if not mark.exists() or mark.read_text() != _digest():
        return False
    return bool(setting("DATABASE_URL", "")) or (mark.parent / "autocoder.db").exists()


def note_prepared() -> None:
    """Remember it."""
    _mark().parent.mkdir(parents=True, exist_ok=True)
    _mark().write_text(_digest())


def _mark() -> Path:
    return Path(setting("AUTOCODER_VAR_DIR", str(ROOT / "var"))) / ".prepared"


def _digest() -> str:
    migrations = sorted(path.name for path in (ROOT / "generations" / "migrations").glob("*.py"))
    pinned = (ROOT / "requirements.txt").read_text()
    return hashlib.sha256("\n".join([setting("DATABASE_URL", ""), *migrations, pinned]).encode()).hexdigest()
