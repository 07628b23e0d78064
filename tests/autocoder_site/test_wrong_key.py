"""With other encryption keys than those of its database nothing starts, and a sentence says what to restore."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.running_site import ROOT, free_port, processes_with

SECRET = "sk-of-the-site-0123456789"
STORE = f"""
import django; django.setup()
from django.core.management import call_command
from generations.keys import get_key, set_key
call_command("migrate", verbosity=0)
set_key(None, "openai", {SECRET!r})
"""
READ = f"""
import django; django.setup()
from generations.keys import get_key
assert get_key(None, "openai") == {SECRET!r}
"""
SENTENCE = (
    "None of the stored provider keys (1 in all) can be decrypted with ENCRYPTION_KEYS. "
    "Restore the ENCRYPTION_KEYS that this database was used with"
)


class Installation:
    """A database of its own with one stored key."""

    def __init__(self, var: Path) -> None:
        self.var, self.right, self.wrong = var, new_key(), new_key()
        assert self.python("-c", STORE, key=self.right).returncode == 0

    def python(self, *words: str, key: str) -> subprocess.CompletedProcess[str]:
        """Run Python on it with an encryption key."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env={
                **os.environ,
                "AUTOCODER_VAR_DIR": str(self.var),
                "DATABASE_URL": f"sqlite:///{self.var / 'autocoder.db'}",
                "DJANGO_SETTINGS_MODULE": "autocoder_site.settings",
                "ENCRYPTION_KEYS": key,
                "PORT": str(free_port()),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )


def new_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("var"))


@pytest.mark.parametrize("prepared", [False, True])
def test_make_run_says_one_sentence_and_starts_nothing(prepared: bool, installation: Installation) -> None:
    if prepared:
        note = "from autocoder_site.setup.prepared import note_prepared; note_prepared()"
        assert installation.python("-c", note, key=installation.wrong).returncode == 0
    ended = installation.python("manage.py", "run", key=installation.wrong)
    assert ended.returncode == 1
    (line,) = (ended.stdout + ended.stderr).splitlines()
    assert SENTENCE in line
    assert "rotate_keys --forget-unreadable" in line
    assert processes_with(f"AUTOCODER_VAR_DIR={installation.var}") == []


@pytest.mark.parametrize(
    "words", [["check"], ["run_worker"], ["recover_runs", "--forever"]], ids=lambda words: words[0]
)
def test_no_process_of_the_site_starts(words: list[str], installation: Installation) -> None:
    ended = installation.python("manage.py", *words, key=installation.wrong)
    assert ended.returncode == 1
    assert "autocoder.E013" in ended.stderr
    assert SENTENCE in ended.stderr.replace("\n\tHINT:", "")
    assert ended.stdout == ""


def test_the_command_line_does_not_begin_either(installation: Installation) -> None:
    ended = installation.python("autonomous_coder.py", "Add numbers", "--provider", "offline", key=installation.wrong)
    assert ended.returncode == 2
    assert SENTENCE in ended.stderr


def test_the_web_server_alone_refuses_with_a_code_of_its_own(installation: Installation) -> None:
    ended = installation.python("-m", "daphne", "-p", "0", "autocoder_site.asgi:application", key=installation.wrong)
    assert ended.returncode == os.EX_CONFIG
    assert ended.stderr.startswith(SENTENCE)


@pytest.mark.parametrize("first", [True, False])
def test_with_the_right_key_back_all_is_well(first: bool, installation: Installation) -> None:
    keys = [installation.wrong, installation.right]
    key = ",".join(reversed(keys) if first else keys)
    assert installation.python("manage.py", "check", key=key).returncode == 0
    assert installation.python("-c", READ, key=key).returncode == 0


def test_a_key_for_good_lost_is_given_up_on_purpose(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    ended = installation.python("manage.py", "rotate_keys", key=installation.wrong)
    assert ended.returncode == 1
    assert "Nothing was changed." in ended.stderr
    assert installation.python("-c", READ, key=installation.right).returncode == 0
    ended = installation.python("manage.py", "rotate_keys", "--forget-unreadable", key=installation.wrong)
    assert ended.returncode == 0
    assert "Deleted 1 keys" in ended.stdout
    assert installation.python("manage.py", "check", key=installation.wrong).returncode == 0
