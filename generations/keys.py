"""Provider keys: encrypted at rest, bound to their row, decrypted only for the call."""

from __future__ import annotations

import uuid
from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from generations.errors import KeyUnreadable
from generations.masking import remember_secret
from generations.models import ProviderKey


def set_key(owner: AbstractBaseUser | None, provider: str, secret: str) -> ProviderKey:
    """Store an owner's key for a provider, replacing an earlier one; without owner it is the site's."""
    with transaction.atomic():
        row = ProviderKey.objects.filter(owner=owner, provider=provider).first()
        row = row or ProviderKey(owner=owner, provider=provider)
        seal(row, secret)
        row.save()
    return row


def get_key(owner: AbstractBaseUser | None, provider: str) -> str:
    """The owner's own key for a provider, else the site's, else ''. Without owner the site's. Raises KeyUnreadable.

    What is returned is masked everywhere in this process from now on.
    """
    rows = ProviderKey.objects.filter(provider=provider)
    row = rows.filter(owner=owner).first() or rows.filter(owner=None).first()
    return "" if row is None else opened(row)


def remember_keys(owner: AbstractBaseUser) -> None:
    """Have every key that the owner's runs may use masked in this process, so that none is stored as a plain text."""
    for row in ProviderKey.objects.filter(Q(owner_id=owner.pk) | Q(owner=None)):
        with suppress(KeyUnreadable):
            opened(row)


def seal(row: ProviderKey, secret: str) -> None:
    """Put a secret into a row (not saved yet); the row's id is sealed in with it."""
    secret = secret.strip()
    row.ciphertext = fernet().encrypt(_bound(row.pk, secret)).decode("ascii")
    row.last_four = secret[-4:] if len(secret) >= 12 else ""


def opened(row: ProviderKey) -> str:
    """The secret of a row. Raises KeyUnreadable if it was made with a lost key or for another row."""
    try:
        plain = fernet().decrypt(row.ciphertext.encode("ascii")).decode()
    except InvalidToken as error:
        raise KeyUnreadable(
            f"The stored key for '{row.provider}' cannot be decrypted with ENCRYPTION_KEYS; enter it again."
        ) from error
    bound, _, secret = plain.partition(":")
    if bound != row.pk.hex:
        raise KeyUnreadable(f"The stored key for '{row.provider}' belongs to another entry; enter it again.")
    remember_secret(secret)
    return secret


def rotate_keys() -> int:
    """Encrypt every key anew with the first of ENCRYPTION_KEYS; gives how many. All or none are changed."""
    with transaction.atomic():
        rows = list(ProviderKey.objects.select_for_update())
        for row in rows:
            secret = opened(row)
            row.ciphertext = fernet().encrypt(_bound(row.pk, secret)).decode("ascii")
        ProviderKey.objects.bulk_update(rows, ["ciphertext"])
    return len(rows)


def _bound(row_id: uuid.UUID, secret: str) -> bytes:
    return f"{row_id.hex}:{secret}".encode()


def fernet() -> MultiFernet:
    """What encrypts with the newest of ENCRYPTION_KEYS and decrypts with any of them."""
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
