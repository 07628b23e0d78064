"""The REST API blueprint in Go writes code that parses, for many descriptions, whatever words they hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agents.errors import NotUnderstood
from agents.languages import TOOLCHAINS
from agents.languages.go_manifest import module_path
from agents.plan_check import plan_problem
from agents.providers.offline.blueprints.go.names import columns, distinct, file_stem, module_name
from agents.providers.offline.blueprints.go.rest_api import BLUEPRINT
from agents.providers.offline.reading import read
from agents.types import SourceFile
from tests.agents.providers.offline.test_rest_api import HOSTILE, SENTENCES

GO = TOOLCHAINS["go"]


def written(sentence: str, name: str = "") -> dict[str, SourceFile]:
    """Every file of an application by its path."""
    brief = read(sentence, name=name, language="go")
    return {file.path: BLUEPRINT.render(brief, file.path) for file in BLUEPRINT.plan(brief).files}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_source_parses_and_the_plan_can_be_carried_out(sentence: str) -> None:
    brief, files = read(sentence, language="go"), written(sentence)
    required, plan = BLUEPRINT.requirements(brief), BLUEPRINT.plan(brief)
    assert plan_problem(plan) == ""
    assert [file.path for file in files.values() if GO.syntax_error(file)] == []
    assert GO.unresolved_imports(tuple(files.values()), (), frozenset()) == ()
    assert [criterion.id for criterion in required.criteria] == [f"AC-{n + 1}" for n in range(len(required.criteria))]
    paths = json.loads(files["internal/api/openapi.json"].text)["paths"]
    assert {f"/{entity.plural}" for entity in brief.entities} <= set(paths)
    assert GO.read_manifest(files["go.mod"].text) == ()


def test_storage_is_told_plainly() -> None:
    brief = read("A todo list REST API in Go with title and done flag")
    told = "kept in memory and in one JSON file"
    assert any(told in text for text in BLUEPRINT.requirements(brief).assumptions)
    assert told in BLUEPRINT.render(brief, "README.md").text


def test_commands_of_the_plan_stand_in_the_readme() -> None:
    brief = read("A todo list REST API in Go with title and done flag")
    commands, readme = BLUEPRINT.plan(brief).commands, BLUEPRINT.render(brief, "README.md").text
    planned = {commands.install, commands.start, commands.test}
    assert {line.strip() for line in readme.splitlines() if line.startswith("    go ")} == planned | {"go vet ./..."}


def test_same_brief_gives_the_same_bytes() -> None:
    assert written(SENTENCES[4]) == written(SENTENCES[4])


def test_unplanned_path_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        BLUEPRINT.render(read(SENTENCES[2], language="go"), "internal/api/others.go")


@pytest.mark.parametrize(
    "name", ['"); panic("x") //', "{{ 7 * 7 }}", 'a\nb`"', "\u202e\ud800 x", "''", "Time", "日本語"]
)
@pytest.mark.parametrize("description", HOSTILE)
def test_hostile_words_stay_words(description: str, name: str) -> None:
    try:
        brief = read(description, name=name, language="go")
    except NotUnderstood:
        brief = read("A REST API for books with title", name=name, language="go")
        brief = replace(brief, description=description)
    for planned in BLUEPRINT.plan(brief).files:
        file = BLUEPRINT.render(brief, planned.path)
        assert GO.syntax_error(file) == ""
        code = file.text if file.path.endswith((".go", ".mod")) else ""
        assert "os.system" not in code
        assert 'panic("x")' not in code
        if file.path == "go.mod":
            assert module_path(file.text)


def test_names_are_what_go_wants_them_to_be() -> None:
    assert distinct(["author_id", "url", "due_date", "a_b", "ab", "a__b"]) == {
        "author_id": "AuthorID",
        "url": "URL",
        "due_date": "DueDate",
        "a_b": "AB",
        "ab": "Ab",
        "a__b": "AB2",
    }
    assert [file_stem(name) for name in ("books", "windows", "car_windows", "unit_test")] == [
        "books",
        "windows",
        "car_windows_items",
        "unit_test_items",
    ]
    assert module_name("time") == "time-app"
    assert (
        module_name("a_very_long_name_of_an_application_that_somebody_wrote")
        == "a-very-long-name-of-an-application-that"
    )
    assert columns([("A", "int", "x"), ("Long", "string", "y")]) == "\tA    int    x\n\tLong string y"
