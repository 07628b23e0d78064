"""The encryption key is changed for another one, and nothing that was stored with it is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from agents.types import Purpose, Role, StageName
from generations import rotation
from generations.encryption import fernet
from generations.errors import KeyUnreadable
from generations.keys import get_key, set_key
from generations.ledger import kept_reply
from generations.masking import mask
from generations.models import KeptReply, ModelCall, ProviderKey, Run
from generations.rotation import Rotated, rotate
from tests.factories import make_run

pytestmark = pytest.mark.django_db
SECRET = "secret-0123456789-abcd"
DOCUMENT = '{"text": "An answer.", "finish": "stop", "model": "m", "run": "%s"}'


def new_key() -> str:
    return Fernet.generate_key().decode()


def keep_answers(count: int) -> Run:
    """A run with kept answers, as an earlier claim left them."""
    run = make_run()
    for number in range(count):
        call = ModelCall.objects.create(
            run=run, step=f"{number}", stage=StageName.CODE, role=Role.CODER, purpose=Purpose.SOURCE, provider="custom",
            model="m", outcome="answered", seconds=1.0, request=[], reply="An answer.",
        )  # fmt: skip
        sealed = fernet().encrypt((DOCUMENT % run.pk.hex).encode())
        KeptReply.objects.create(run=run, call=call, stage=StageName.CODE, step=f"{number}", sealed=sealed)
    return run


def answers(run: Run) -> int:
    return sum(kept_reply(run, row.step) is not None for row in KeptReply.objects.all())


def test_the_old_key_can_be_taken_out_afterwards(user: User, settings: Settings) -> None:
    old, new = settings.ENCRYPTION_KEYS[0], new_key()
    set_key(user, "custom", SECRET)
    set_key(None, "openai", "of-the-site-0000")
    run = keep_answers(3)
    settings.ENCRYPTION_KEYS = [new, old]
    assert get_key(user, "custom") == SECRET
    assert rotate() == Rotated(keys=2, answers=3, again=0)
    settings.ENCRYPTION_KEYS = [new]
    assert get_key(user, "custom") == SECRET
    assert get_key(user, "openai") == "of-the-site-0000"
    assert answers(run) == 3
    settings.ENCRYPTION_KEYS = [old]
    assert answers(run) == 0, "nothing opens with the old one any more"
    with pytest.raises(KeyUnreadable):
        get_key(user, "custom")


def test_a_rotation_that_cannot_read_one_key_changes_none(
    user: User, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    set_key(user, "custom", SECRET)
    ProviderKey.objects.create(provider="lost", ciphertext="gAAAAAB")
    before = set(ProviderKey.objects.values_list("ciphertext", flat=True))
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("rotate_keys")
    assert set(ProviderKey.objects.values_list("ciphertext", flat=True)) == before
    call_command("rotate_keys", "--forget-unreadable")
    said = capsys.readouterr().out
    assert "Deleted 1 keys that cannot be decrypted" in said
    assert "Encrypted 1 keys and 0 kept answers" in said
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert get_key(user, "custom") == SECRET


def test_a_rotation_that_was_interrupted_goes_on_where_it_was(
    user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_key(user, "custom", SECRET)
    run = keep_answers(5)
    monkeypatch.setattr(rotation, "BATCH", 2)
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]

    def die(point: str) -> None:
        if point == "answers_rotated":
            raise KeyboardInterrupt

    monkeypatch.setattr(rotation, "fault", die)
    with pytest.raises(KeyboardInterrupt):
        rotate()
    monkeypatch.setattr(rotation, "fault", lambda _point: None)
    assert rotate().answers == 3, "two were done before"
    assert rotate().answers == 0
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert answers(run) == 5
    assert get_key(user, "custom") == SECRET


def test_what_another_process_stored_with_the_old_key_meanwhile_is_told(
    user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_key(user, "custom", SECRET)
    old, new = settings.ENCRYPTION_KEYS[0], new_key()

    def store_with_the_old_one(_point: str) -> None:
        settings.ENCRYPTION_KEYS = [old]
        set_key(user, "custom", "entered-meanwhile-4711")
        settings.ENCRYPTION_KEYS = [new, old]

    monkeypatch.setattr(rotation, "fault", store_with_the_old_one)
    settings.ENCRYPTION_KEYS = [new, old]
    with pytest.raises(CommandError, match=r"1 more were stored by processes .* run this once more"):
        call_command("rotate_keys")
    monkeypatch.setattr(rotation, "fault", lambda _point: None)
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new]
    assert get_key(user, "custom") == "entered-meanwhile-4711"


def test_a_kept_answer_that_nothing_opens_is_dropped(settings: Settings) -> None:
    keep_answers(1)
    settings.ENCRYPTION_KEYS = [new_key()]
    assert rotate() == Rotated(0, 0, 0)
    assert not KeptReply.objects.exists()


def test_a_key_added_to_the_file_is_in_use_at_once_and_a_removed_one_still_opens(
    user: User, settings: Settings, tmp_path: Path
) -> None:
    file, (old, *_), new = tmp_path / ".env", settings.ENCRYPTION_KEYS, new_key()
    write(file, f"ENCRYPTION_KEYS={old}")
    settings.ENCRYPTION_KEYS, settings.ENCRYPTION_KEYS_FILE = [old], file
    settings.ENCRYPTION_KEYS_READ = file.stat().st_mtime_ns
    set_key(user, "custom", SECRET)
    write(file, f"SECRET_KEY=x\nENCRYPTION_KEYS=no-key,{new},{old}\n")
    assert rotate().keys == 1
    assert Fernet(new).decrypt(ProviderKey.objects.get().ciphertext)
    assert mask(f"it is {new}") == f"it is ***{new[-4:].replace('=', '').replace('-', '').replace('_', '')}"
    write(file, f"ENCRYPTION_KEYS={new}")
    assert get_key(user, "custom") == SECRET
    assert Fernet(new).decrypt(set_key(user, "custom", "another-0000-0000").ciphertext)
    write(file, "ENCRYPTION_KEYS=half-written")
    assert fernet().decrypt(Fernet(old).encrypt(b"still")) == b"still"
    file.unlink()
    assert fernet().decrypt(Fernet(old).encrypt(b"still")) == b"still"


def write(file: Path, text: str) -> None:
    """Change a file so that it shows, however coarse the clock of the disk is."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 10**9, before + 10**9))
