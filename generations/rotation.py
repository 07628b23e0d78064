"""Encrypts everything that is stored encrypted anew with the newest key, while runs go on."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from django.db import transaction

from agents.faults import fault
from generations.encryption import fernet, newest
from generations.errors import KeyUnreadable
from generations.keys import opened, seal
from generations.models import KeptReply, ProviderKey

BATCH = 50


class Rotated(NamedTuple):
    """How many keys and kept answers were encrypted anew. ``again`` is what other processes wrote meanwhile."""

    keys: int
    answers: int
    again: int


def rotate() -> Rotated:
    """Encrypt all provider keys and kept answers anew with the newest of ENCRYPTION_KEYS.

    All keys are changed or none; answers a few at a time, so that no run waits. What an interrupted rotation did is
    not done again. Raises KeyUnreadable.
    """
    keys = _rotate_keys()
    fault("keys_rotated")
    answers = _rotate_answers()
    return Rotated(keys, answers, _behind())


def forget_unreadable() -> int:
    """Delete the provider keys that no encryption key opens; gives how many."""
    with transaction.atomic():
        lost = [row.pk for row in ProviderKey.objects.select_for_update() if not _is_readable(row)]
        ProviderKey.objects.filter(pk__in=lost).delete()
    return len(lost)


def _rotate_keys() -> int:
    with transaction.atomic():
        rows = list(ProviderKey.objects.select_for_update())
        for row in rows:
            seal(row, opened(row))
        ProviderKey.objects.bulk_update(rows, ["ciphertext"])
    return len(rows)


def _rotate_answers() -> int:
    done, last, now = 0, 0, newest()
    while pks := list(KeptReply.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            done += sum(_rotate_answer(row, now) for row in KeptReply.objects.select_for_update().filter(pk__in=pks))
        last = pks[-1]
        fault("answers_rotated")
    return done


def _rotate_answer(row: KeptReply, now: Fernet) -> bool:
    """Whether an answer was encrypted anew. One that nothing opens is of no use, and is dropped."""
    sealed = bytes(row.sealed)
    if _opens(now, sealed):
        return False
    try:
        plain = fernet().decrypt(sealed)
    except InvalidToken:
        row.delete()
        return False
    KeptReply.objects.filter(pk=row.pk).update(sealed=now.encrypt(plain))
    return True


def _behind() -> int:
    """How many rows the newest key alone does not open."""
    now = newest()
    keys = ProviderKey.objects.values_list("ciphertext", flat=True)
    behind = sum(not _opens(now, text.encode()) for text in keys)
    return behind + sum(not _opens(now, bytes(row.sealed)) for row in KeptReply.objects.only("sealed").iterator())


def _opens(key: Fernet, token: bytes) -> bool:
    try:
        key.decrypt(token)
    except InvalidToken:
        return False
    return True


def _is_readable(row: ProviderKey) -> bool:
    try:
        opened(row)
    except KeyUnreadable:
        return False
    return True
