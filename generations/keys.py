"""Provider keys: encrypted at rest, bound to their row, decrypted only for the call."""

from __future__ import annotations

import json
from contextlib import suppress

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from generations.encryption import fernet
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
    """Put a secret into a row (not saved yet). The row's id, owner and provider are sealed in with it."""
    secret = secret.strip()
    row.ciphertext = fernet().encrypt(json.dumps([*_identity(row), secret]).encode()).decode("ascii")
    row.last_four = secret[-4:] if len(secret) >= 12 else ""


def opened(row: ProviderKey) -> str:
    """The secret of a row. Raises KeyUnreadable if it was made with a lost key or for another row."""
    try:
        plain = fernet().decrypt(row.ciphertext.encode()).decode()
    except InvalidToken as error:
        raise KeyUnreadable(
            f"The stored key for '{row.provider}' cannot be decrypted with ENCRYPTION_KEYS. Put back the entry that it "
            "was encrypted with, or enter the key again."
        ) from error
    bound, secret = _bound(plain)
    if bound != _identity(row)[: len(bound)]:
        raise KeyUnreadable(f"The stored key for '{row.provider}' belongs to another entry; enter it again.")
    remember_secret(secret)
    return secret


def _identity(row: ProviderKey) -> list[str]:
    """What a ciphertext is good for: it neither opens in another row, nor after the row was given to somebody else."""
    return [row.pk.hex, "" if row.owner_id is None else str(row.owner_id), row.provider]


def _bound(plain: str) -> tuple[list[str], str]:
    """What a secret is bound to, and the secret. Earlier versions bound the id alone; a rotation binds the rest."""
    if not plain.startswith("["):
        bound, _, secret = plain.partition(":")
        return [bound], secret
    *parts, secret = json.loads(plain)
    return parts, secret
