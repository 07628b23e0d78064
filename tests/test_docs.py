"""What the documents say is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.types import StageName

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").glob("*.md"))


def test_every_setting_is_explained_and_every_explained_one_is_read() -> None:
    settings = (ROOT / "autocoder_site/settings.py").read_text()
    supervisor = (ROOT / "autocoder_site/setup/supervisor.py").read_text()
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', settings)) | set(
        re.findall(r'setting\("([A-Z_]+)"', supervisor)
    )
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert explained == read


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_documented_management_commands_exist() -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", (ROOT / "docs/operations.md").read_text())) - {"qcluster"}
    known = {path.stem for path in (ROOT / "generations/management/commands").glob("*.py")}
    assert named <= known


def test_the_readme_names_the_stages_in_their_order() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    assert ", ".join(StageName) in text


def test_the_readme_documents_every_option_of_the_command_line() -> None:
    documented = set(re.findall(r"--[a-z]+", (ROOT / "README.md").read_text()))
    sources = [ROOT / "autonomous_coder.py", *sorted((ROOT / "generations").rglob("*.py"))]
    text = "".join(path.read_text() for path in sources)
    assert all(f'"{option}"' in text for option in documented)


def test_version_of_the_changelog_is_not_ahead_of_the_project() -> None:
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    released = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version is not None
    assert all(tuple(map(int, r.split("."))) <= tuple(map(int, version[1].split("."))) for r in released)


def test_tests_that_the_documents_name_exist() -> None:
    pages = (ROOT / "docs").glob("*.md")
    named = {found for page in pages for found in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", page.read_text())}
    assert any(name for _path, name in named)
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / path).exists() or (name and f"def {name}(" not in (ROOT / path).read_text())
    ]
    assert missing == []
