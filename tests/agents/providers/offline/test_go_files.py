"""The blueprints in Go for tools, reports and pages write code that parses, whatever words they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.errors import NotUnderstood
from agents.languages import TOOLCHAINS
from agents.plan_check import plan_problem
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.reading import read
from agents.types import SourceFile
from tests.agents.providers.offline.test_cli_tool import SENTENCES as TOOLS
from tests.agents.providers.offline.test_data_processor import SENTENCES as REPORTS
from tests.agents.providers.offline.test_web_page import SENTENCES as PAGES

GO = TOOLCHAINS["go"]
SENTENCES = (*TOOLS, *REPORTS, *PAGES)


def written(brief: Brief) -> dict[str, SourceFile]:
    """Every file of an application by its path."""
    blueprint = BLUEPRINTS[(brief.project_type, "go")]
    return {file.path: blueprint.render(brief, file.path) for file in blueprint.plan(brief).files}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_source_parses_and_the_plan_can_be_carried_out(sentence: str) -> None:
    brief = read(sentence, language="go")
    blueprint, files = BLUEPRINTS[(brief.project_type, "go")], written(brief)
    required, plan = blueprint.requirements(brief), blueprint.plan(brief)
    assert plan_problem(plan) == ""
    assert (required.name, required.language, required.assumptions) == (brief.name, "go", brief.assumptions)
    assert [file.path for file in files.values() if GO.syntax_error(file)] == []
    assert GO.unresolved_imports(tuple(files.values()), (), frozenset()) == ()
    assert files == written(brief)
    readme = files["README.md"].text
    commands = plan.commands
    planned = {commands.install, commands.start, commands.test, *commands.examples}
    assert {line.strip() for line in readme.splitlines() if line.startswith("    go ")} == planned | {"go vet ./..."}
    with pytest.raises(KeyError):
        blueprint.render(brief, "internal/other.go")


HOSTILE = (
    'A CLI that sorts CSV. "; panic("x") // {{ 7 * 7 }} {% raw %}\n# Heading\n```',
    "A page for a club with <script>alert(1)</script>, {{ 7 * 7 }}, `onload=x` and a contact form",
    "A report of sales as html {{ 7 * 7 }} `panic()`",
)


@pytest.mark.parametrize("name", ['"); panic("x") //', "{{ 7 * 7 }}", 'a\nb`"', "\u202e\ud800 x", "Html", "日本語"])
@pytest.mark.parametrize("description", HOSTILE)
def test_hostile_words_stay_words(description: str, name: str) -> None:
    try:
        brief = read(description, name=name, language="go")
    except NotUnderstood:
        brief = replace(read("A CLI that sorts CSV", name=name, language="go"), description=description)
    for file in written(brief).values():
        assert GO.syntax_error(file) == ""
        assert not file.path.endswith(".go") or 'panic("x")' not in file.text
        assert not file.path.endswith(".html") or "<script>alert" not in file.text
