"""An unsafe installation is refused at the start, with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django.fixtures import Settings

from generations.checks import check_folder, check_hosts, check_models, check_previews, check_retention, check_secrets

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
    (check_folder, "VAR_DIR", Path("/nowhere/at/all"), "autocoder.E008"),
]


@pytest.mark.parametrize(("check", "name", "value", "expected"), BAD)
def test_a_bad_setting_is_an_error(
    check: Callable[..., Iterable[CheckMessage]], name: str, value: object, expected: str, settings: Settings
) -> None:
    setattr(settings, name, value)
    assert [message.id for message in check()] == [expected]


def test_good_settings_pass_all_checks(settings: Settings) -> None:
    settings.MODEL_PROVIDER = "offline"
    settings.SECRET_KEY = "0123456789" * 6
    assert [message for message in run_checks() if (message.id or "").startswith("autocoder")] == []
