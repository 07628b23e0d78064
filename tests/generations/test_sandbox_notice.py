"""What the pages tell of the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from agents.sandboxes.bubblewrap import BubblewrapSandbox
from generations.sandbox_notice import sandbox_problem, sandbox_reports

pytestmark = [pytest.mark.sandbox, pytest.mark.django_db]


def test_the_sandbox_that_runs_get_is_told_with_its_self_test(settings: Settings) -> None:
    settings.SANDBOX = "docker"
    (report,) = sandbox_reports()
    assert (report.name, report.available, report.remedy) == ("docker", True, "")
    assert report.detail.startswith("Docker engine ")
    assert report.tested is not None


def test_a_runtime_that_is_not_there_is_told_on_every_page(settings: Settings) -> None:
    settings.SANDBOX, settings.SANDBOX_RUNTIME = "auto", "none-such"
    cache.clear()
    assert "no runtime 'none-such'" in sandbox_problem()
    (report,) = sandbox_reports()
    assert (report.name, report.available) == ("docker", False)
    assert "SANDBOX_RUNTIME" in report.remedy
    settings.SANDBOX = "bubblewrap"
    (report,) = sandbox_reports()
    assert not report.available
    assert "only Docker can use" in report.detail
    cache.clear()


def test_in_what_bubblewrap_is_less_is_told_and_documented(settings: Settings) -> None:
    settings.SANDBOX = "bubblewrap"
    (report,) = sandbox_reports()
    assert report.differences == BubblewrapSandbox.differences
    documented = " ".join((Path(settings.BASE_DIR) / "docs" / "security.md").read_text().split())
    assert report.differences
    assert [sentence for sentence in report.differences if f"- {sentence}" not in documented] == []
