"""Provider keys are unreadable at rest, bound to their row, and can be rotated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from pytest_django.fixtures import Settings

from generations.encryption import fernet
from generations.errors import KeyUnreadable
from generations.keys import get_key, opened, set_key
from generations.masking import mask
from generations.models import ProviderKey
from tests.factories import make_user

SECRET = "secret-0123456789-abcd"


@pytest.mark.django_db
def test_a_key_comes_back_and_only_its_end_is_stored_plain(user: User) -> None:
    row = set_key(user, "custom", f" {SECRET}\n")
    assert get_key(user, "custom") == SECRET
    row.refresh_from_db()
    assert row.last_four == "abcd"
    assert SECRET not in repr(ProviderKey.objects.values().get())
    assert SECRET not in f"{row} {row!r}"


@pytest.mark.django_db(transaction=True)
def test_the_database_file_does_not_hold_the_secret() -> None:
    set_key(make_user(), "custom", SECRET)
    files = [file for end in ("", "-wal") if (file := Path(f"{connection.settings_dict['NAME']}{end}")).exists()]
    # A process of its own reads them: closing such a file takes away the locks that SQLite holds on it in this one.
    search = ["grep", "--count", "--with-filename", "--text", "--fixed-strings", SECRET, *files]
    found = subprocess.run(search, capture_output=True, text=True, check=False)
    assert found.stdout.splitlines() == [f"{file}:0" for file in files]


@pytest.mark.django_db
def test_a_short_key_shows_nothing_of_itself(user: User) -> None:
    assert set_key(user, "custom", "12345678").last_four == ""


@pytest.mark.django_db
def test_the_own_key_comes_before_that_of_the_site(user: User) -> None:
    assert get_key(user, "custom") == ""
    set_key(None, "custom", "of-the-site-0000")
    assert get_key(user, "custom") == "of-the-site-0000"
    set_key(user, "custom", SECRET)
    assert get_key(user, "custom") == SECRET
    assert get_key(make_user(), "custom") == "of-the-site-0000"


@pytest.mark.django_db
def test_setting_a_key_again_replaces_it(user: User) -> None:
    for owner in (user, None):
        set_key(owner, "custom", "first-0000-0000")
        set_key(owner, "custom", SECRET)
    assert ProviderKey.objects.count() == 2
    assert get_key(user, "custom") == SECRET


@pytest.mark.django_db
@pytest.mark.parametrize("of_site", [True, False])
def test_the_database_takes_one_key_for_an_owner_and_provider(of_site: bool, user: User) -> None:
    owner = None if of_site else user
    ProviderKey.objects.create(owner=owner, provider="custom", ciphertext="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderKey.objects.create(owner=owner, provider="custom", ciphertext="y")


@pytest.mark.django_db
def test_the_ciphertext_of_another_row_is_refused(user: User) -> None:
    mine, theirs = set_key(user, "custom", "mine-0000-0000"), set_key(make_user(), "custom", SECRET)
    mine.ciphertext = theirs.ciphertext
    with pytest.raises(KeyUnreadable, match="belongs to another entry"):
        opened(mine)


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["owner", "provider"])
def test_a_key_that_was_given_to_somebody_else_in_the_database_is_refused(column: str, user: User) -> None:
    row = set_key(user, "custom", SECRET)
    ProviderKey.objects.filter(pk=row.pk).update(**{column: make_user() if column == "owner" else "openai"})
    row.refresh_from_db()
    with pytest.raises(KeyUnreadable, match="belongs to another entry; enter it again"):
        get_key(row.owner, row.provider)


@pytest.mark.django_db
def test_a_key_of_an_earlier_version_opens_in_its_row_only(user: User) -> None:
    row, other = set_key(user, "custom", SECRET), set_key(None, "custom", SECRET)
    row.ciphertext = fernet().encrypt(f"{row.pk.hex}:{SECRET}".encode()).decode()
    assert opened(row) == SECRET
    other.ciphertext = row.ciphertext
    with pytest.raises(KeyUnreadable, match="belongs to another entry"):
        opened(other)


@pytest.mark.django_db
def test_without_the_encryption_key_nothing_can_be_read(user: User, settings: Settings) -> None:
    set_key(user, "custom", SECRET)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(KeyUnreadable, match="Put back the entry"):
        get_key(user, "custom")


@pytest.mark.django_db
def test_a_key_is_masked_from_its_first_use_on(user: User) -> None:
    set_key(user, "custom", "zebra-umbrella-4711")
    get_key(user, "custom")
    assert mask("Authorization: zebra-umbrella-4711") == "Authorization: ***4711"
