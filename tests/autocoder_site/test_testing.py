"""All tests run side by side; what failed in company gets a second try alone, and no third."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autocoder_site.setup.testing import MOST_AGAIN, run_all

ONCE = """
from pathlib import Path

def test_it():
    mark = Path(__file__).with_suffix(".mark")
    seen = mark.exists()
    mark.touch()
    assert seen
"""
FINE, BROKEN = "def test_it():\n    pass\n", "def test_it():\n    assert False\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tests that knows nothing of this project."""
    for name in ("DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_fine.py").write_text(FINE)
    return tmp_path


def test_what_passes_alone_is_named_and_let_through(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "test_unsure.py").write_text(ONCE)
    assert run_all(project, Path(sys.executable)) == 0
    told = capfd.readouterr().out
    assert "passed alone, so something makes them unsure:\n  test_unsure.py::test_it" in told


def test_what_fails_alone_too_fails(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "test_broken.py").write_text(BROKEN)
    assert run_all(project, Path(sys.executable)) == 1
    assert "passed alone" not in capfd.readouterr().out


def test_many_failures_are_no_accident(project: Path) -> None:
    for number in range(MOST_AGAIN + 1):
        (project / f"test_unsure_{number}.py").write_text(ONCE)
    assert run_all(project, Path(sys.executable)) == 1


def test_files_that_cannot_be_read_as_tests_fail(project: Path) -> None:
    (project / "test_wrong.py").write_text("import nothing_of_that_name\n")
    assert run_all(project, Path(sys.executable)) != 0
