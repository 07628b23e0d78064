"""What encrypts and decrypts here: the keys of ENCRYPTION_KEYS, with those that were added since the start."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import environ
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def encryption_keys() -> tuple[str, ...]:
    """The keys, newest first.

    Where they stand in a file that was changed since this process started, its keys come first: so a new key is in use
    at once in every process, and a rotation needs no restart. Keys that were taken out still decrypt until then.
    """
    path: Path | None = settings.ENCRYPTION_KEYS_FILE
    known = tuple(settings.ENCRYPTION_KEYS)
    if path is None:
        return known
    changed = changed_at(path)
    if changed in (0, settings.ENCRYPTION_KEYS_READ):
        return known
    return tuple(dict.fromkeys((*_keys_in(path, changed), *known)))


def changed_at(path: Path) -> int:
    """When a file was changed last, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def fernet() -> MultiFernet:
    """What encrypts with the newest key and decrypts with any of them."""
    return MultiFernet([Fernet(key) for key in encryption_keys()])


def newest() -> Fernet:
    """The newest key alone."""
    return Fernet(encryption_keys()[0])


def is_fernet_key(key: str) -> bool:
    """Whether a text is a key."""
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4)
def _keys_in(path: Path, _changed: int) -> tuple[str, ...]:
    """The keys that a file names; what is none, such as a line that is being typed, is passed over."""

    class _File(environ.Env):
        ENVIRON: dict[str, str] = {}

    _File.read_env(path)
    return tuple(key for key in _File().list("ENCRYPTION_KEYS", default=[]) if is_fernet_key(key))
