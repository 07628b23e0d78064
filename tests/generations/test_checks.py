"""An unsafe installation is refused at the start, with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, run_checks
from pytest_django.fixtures import Settings

from generations.checks import (
    check_folder,
    check_hosts,
    check_models,
    check_previews,
    check_retention,
    check_secrets,
    check_watchdog,
)
from generations.keys import set_key
from generations.stored_keys import check_stored_keys, refusal

BAD: list[tuple[Callable[..., Iterable[CheckMessage]], str, object, str]] = [
    (check_secrets, "ENCRYPTION_KEYS", [], "autocoder.E001"),
    (check_secrets, "ENCRYPTION_KEYS", ["no key"], "autocoder.E002"),
    (check_secrets, "ENCRYPTION_KEYS", ["ü" * 44], "autocoder.E002"),
    (check_secrets, "SECRET_KEY", "short", "autocoder.E003"),
    (check_secrets, "SECRET_KEY", "a" * 80, "autocoder.E003"),
    (check_hosts, "ALLOWED_HOSTS", ["*"], "autocoder.E004"),
    (check_hosts, "SITE_ORIGINS", ["https://*.example.org"], "autocoder.E005"),
    (check_hosts, "SITE_ORIGINS", ["example.org"], "autocoder.E005"),
    (check_models, "MODEL_PROVIDER", "nobody", "autocoder.E006"),
    (check_models, "MODEL_PROVIDER", "custom", "autocoder.E007"),
    (check_previews, "PREVIEW_ORIGIN", "preview.example.org", "autocoder.E018"),
    (check_previews, "PREVIEW_ORIGIN", "https://preview.example.org/path", "autocoder.E018"),
    (check_previews, "PREVIEW_ORIGIN", "http://localhost:8002", "autocoder.W018"),
    (check_retention, "KEEP_LOGS_DAYS", -1, "autocoder.E015"),
    (check_retention, "KEEP_ATTEMPTS_DAYS", 10**9, "autocoder.E015"),
    (check_watchdog, "CANARY_SECONDS", 40.0, "autocoder.E019"),
    (check_watchdog, "CANARY_SECONDS", 0.0, "autocoder.E019"),
    (check_watchdog, "DRAIN_SECONDS", -1.0, "autocoder.E020"),
    (check_folder, "VAR_DIR", Path("/nowhere/at/all"), "autocoder.E008"),
]


@pytest.mark.parametrize(("check", "name", "value", "expected"), BAD)
def test_a_bad_setting_is_an_error(
    check: Callable[..., Iterable[CheckMessage]], name: str, value: object, expected: str, settings: Settings
) -> None:
    setattr(settings, name, value)
    assert [message.id for message in check()] == [expected]


@pytest.mark.django_db
def test_good_settings_pass_all_checks(settings: Settings) -> None:
    settings.MODEL_PROVIDER = "offline"
    settings.SECRET_KEY = "0123456789" * 6
    assert [message for message in run_checks() if (message.id or "").startswith("autocoder")] == []


@pytest.mark.django_db
def test_some_keys_that_cannot_be_decrypted_are_a_warning_and_all_of_them_an_error(settings: Settings) -> None:
    def found() -> list[str | None]:
        return [message.id for message in check_stored_keys()]

    assert found() == []
    set_key(None, "openai", "of-the-site-0123456789")
    assert found() == []
    first, second = settings.ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    settings.ENCRYPTION_KEYS = second
    assert found() == ["autocoder.E013"]
    set_key(None, "qwen", "of-the-site-9876543210")
    assert found() == ["autocoder.W013"]
    assert "1 of the 2 stored" in str(next(iter(check_stored_keys())))
    settings.ENCRYPTION_KEYS = [*second, *first]
    assert found() == []


@pytest.mark.django_db
@pytest.mark.parametrize("keys", [[], ["no key"]])
def test_keys_of_the_wrong_form_are_told_as_such_only(keys: list[str], settings: Settings) -> None:
    set_key(None, "openai", "of-the-site-0123456789")
    settings.ENCRYPTION_KEYS = keys
    assert list(check_stored_keys()) == []
    assert refusal().startswith(("ENCRYPTION_KEYS is empty", "Entry 1 of ENCRYPTION_KEYS"))
