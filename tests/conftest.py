"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections
from pytest_django.fixtures import Settings

from tests.factories import make_user
from tests.hostile_table import (  # noqa: F401 - hooks
    pytest_addoption,
    pytest_configure,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the test database in a file of this session, where threads and processes of a test see the same rows."""
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.db")


@pytest.fixture(autouse=True)
def _no_real_services(settings: Settings) -> None:
    """No test reaches the vector store or the endpoint of the machine's own settings by accident."""
    settings.SANDBOX_RECORDS = settings.ENCRYPTION_KEYS_FILE = None
    settings.CHROMA_URL = "http://127.0.0.1:9"
    settings.LOCAL_ENDPOINTS = False
    settings.CUSTOM_BASE_URL = settings.CUSTOM_API_KEY = settings.OPENAI_API_KEY = ""


@pytest.fixture(autouse=True)
def _no_secrets_of_earlier_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process masks every key that it has ever read, so that one test's would be missing in another's texts."""
    monkeypatch.setattr("generations.masking._in_use", set())


@pytest.fixture
def user(db: None) -> User:
    """Somebody who is signed up."""
    return make_user()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """The environment for a process of ours that works on the test's database."""
    database = connections["default"].settings_dict
    url = f"sqlite:///{database['NAME']}"
    if database["ENGINE"].endswith("postgresql"):
        url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    root = str(Path(__file__).resolve().parent.parent)
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "autocoder_site.settings",
        "DATABASE_URL": url,
        "CHROMA_URL": "http://127.0.0.1:9",
        "PYTHONPATH": os.pathsep.join((root, os.environ.get("PYTHONPATH", ""))).rstrip(os.pathsep),
        "PYTHONUNBUFFERED": "1",
    }
