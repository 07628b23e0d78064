"""Whether the stored provider keys can be decrypted, looked at before anything starts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cryptography.fernet import InvalidToken
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.db import DatabaseError, connection

from generations.encryption import encryption_keys, fernet, is_fernet_key
from generations.models import ProviderKey

REMEDY = (
    "Restore the ENCRYPTION_KEYS that this database was used with, in .env or the environment; if they are lost, "
    "'manage.py rotate_keys --forget-unreadable' deletes the keys, which then have to be entered again."
)


class Stored(NamedTuple):
    """How many keys are stored, and how many of them no encryption key decrypts."""

    all: int
    lost: int


@register(Tags.security)
def check_stored_keys(**_kwargs: Any) -> Iterable[CheckMessage]:
    """The encryption keys are those of this database."""
    stored = count_stored_keys()
    if stored.lost and stored.lost == stored.all:
        yield Error(
            f"None of the stored provider keys ({stored.all} in all) can be decrypted with ENCRYPTION_KEYS.",
            hint=REMEDY,
            id="autocoder.E013",
        )
    elif stored.lost:
        yield Warning(
            f"{stored.lost} of the {stored.all} stored provider keys cannot be decrypted with ENCRYPTION_KEYS.",
            hint=REMEDY,
            id="autocoder.W013",
        )


def count_stored_keys() -> Stored:
    """Tries every stored key. Nothing is found where the database, its tables or the encryption keys are not there."""
    keys = encryption_keys()
    if not keys or not all(is_fernet_key(key) for key in keys):
        return Stored(0, 0)
    was_closed = connection.connection is None
    try:
        tokens = list(ProviderKey.objects.values_list("ciphertext", flat=True))
    except DatabaseError:
        return Stored(0, 0)
    finally:
        if was_closed:
            connection.close()
    return Stored(len(tokens), sum(not _opens(token) for token in tokens))


def refusal() -> str:
    """Why this installation must not start, in a sentence or two; '' when it may."""
    for message in run_checks(tags=[Tags.security]):
        if message.is_serious():
            return f"{message.msg} {message.hint or ''}".strip()
    return ""


def _opens(token: str) -> bool:
    try:
        fernet().decrypt(token.encode())
    except InvalidToken:
        return False
    return True
