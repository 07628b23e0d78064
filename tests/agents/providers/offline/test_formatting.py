"""What the blueprints write is already as the formatter leaves it, at its own width and at this project's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.providers.offline.answers import BLUEPRINTS
from agents.providers.offline.reading import read
from agents.providers.offline.rendering import python_file

WIDTHS = ("88", "120")
SENTENCES = (
    "A CLI that converts JSON to CSV and back",
    "Create a simple CLI tool that processes CSV files",
    "A CLI that groups CSV rows by region and sums amounts",
    "A CLI that sorts JSON",
    "An expense report as html, markdown and json",
    "A Markdown report of sales grouped by region",
    "A landing page for a bakery with opening hours and a contact form",
    "A static portfolio page",
    "Weather API with current weather and a 5 day forecast",
    "REST API for customers, products and orders",
    "Bookmarks API with tags and full-text search",
    "A REST API for international freight shipments with departure warehouse code (unique), estimated arrival "
    "timestamp, insured value in euros, customs declaration number (unique) and fragile flag, filter by fragile, "
    "customs declaration number and departure warehouse code, search, sorted by customs declaration number",
    "A REST API for maintenance request tickets with internal reference number (unique), estimated completion date, "
    "responsible person email and affected component labels, filter by affected component labels and estimated "
    "completion date, search by internal reference number",
    "A REST API for extraordinarily longwindedcharacterization nomenclatures with internationalization, "
    "counterrevolutionaries (text, default unintelligibility) and a compartmentalization link, search",
)
NAMES = ("", "A very long name that somebody gave to an application to see what it makes of it", "日本語" * 20, "X")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_formatter_changes_nothing(name: str, tmp_path: Path) -> None:
    for number, sentence in enumerate(SENTENCES):
        brief = read(sentence, name=name)
        blueprint = BLUEPRINTS[(brief.project_type, brief.language)]
        for planned in blueprint.plan(brief).files:
            path = tmp_path / f"app{number}" / planned.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(blueprint.render(brief, planned.path).content)
    for width in WIDTHS:
        for words in (("check", "--select", "I", "--diff", "--config", "src=['app*']"), ("format", "--diff")):
            ran = subprocess.run(
                [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", "--line-length", width,
                 "--target-version", "py311", "."],
                cwd=tmp_path, capture_output=True, text=True, timeout=240,
            )  # fmt: skip
            assert ran.returncode == 0, ran.stdout


def test_long_signature_gets_a_line_for_each_argument() -> None:
    line = "async def " + "f" * 40 + "(first: dict[str, int], second: list[tuple[str, str]]) -> None:"
    assert python_file(f"{line}\n    ...\n\n\n\n\n").splitlines() == [
        "async def " + "f" * 40 + "(",
        "    first: dict[str, int],",
        "    second: list[tuple[str, str]],",
        ") -> None:",
        "    ...",
    ]
    assert python_file("def f(a: int) -> None:\n") == "def f(a: int) -> None:\n"
