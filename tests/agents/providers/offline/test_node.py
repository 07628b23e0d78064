"""What the blueprints write in JavaScript and TypeScript, and what holds without running it."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import replace

import pytest

from agents.errors import NotUnderstood
from agents.languages import TOOLCHAINS
from agents.plan_check import plan_problem
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.blueprints.node.dialect import literal, markdown_table, script_file
from agents.providers.offline.reading import read
from tests.agents.providers.offline.written_node import LANGUAGES, MORE, SENTENCES, written

ALL = [*(sentence for sentences in SENTENCES.values() for sentence in sentences), *MORE]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", ALL)
def test_requirements_and_plan_hold_together(sentence: str, language: str) -> None:
    brief = read(sentence, language=language)
    blueprint = BLUEPRINTS[(brief.project_type, language)]
    required, plan = blueprint.requirements(brief), blueprint.plan(brief)
    assert (required.name, required.language) == (brief.name, language)
    assert [one.id for one in required.criteria] == [f"AC-{n}" for n in range(1, len(required.criteria) + 1)]
    assert plan_problem(plan) == ""
    manifest = blueprint.render(brief, "package.json").text
    declared = {line.rpartition("@")[0] for line in TOOLCHAINS[language].read_manifest(manifest)}
    assert declared == set(required.dependencies)
    files = written(brief)
    assert [problem for file in files if (problem := TOOLCHAINS[language].syntax_error(file))] == []
    assert {"package.json", "README.md"} <= {file.path for file in files}
    assert ("tsconfig.json" in {file.path for file in files}) == (language == "typescript")
    assert written(brief) == files


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", ALL)
def test_everything_that_is_imported_is_there_and_used(sentence: str, language: str) -> None:
    files = {file.path: file.text for file in written(read(sentence, language=language))}
    for path, text in files.items():
        for names, module in re.findall(r"^import (?:type )?\{([^}]*)\} from \"([^\"]*)\";$", text, re.MULTILINE):
            for name in re.findall(r"(?:\w+ as )?(\w+),?", names):
                assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{path} imports {name}"
            if module.startswith("."):
                assert posixpath.normpath(posixpath.join(posixpath.dirname(path), module)) in files, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unplanned_path_is_a_key_error(language: str) -> None:
    for sentence in ALL:
        brief = read(sentence, language=language)
        with pytest.raises(KeyError):
            BLUEPRINTS[(brief.project_type, language)].render(brief, "src/others.py")


@pytest.mark.parametrize("language", LANGUAGES)
def test_readme_names_the_commands_and_the_scripts_are_there(language: str) -> None:
    for sentence in ALL:
        brief = read(sentence, language=language)
        files = {file.path: file.text for file in written(brief)}
        commands = BLUEPRINTS[(brief.project_type, language)].plan(brief).commands
        assert commands.install in files["README.md"]
        assert commands.test in files["README.md"]
        assert (commands.start or commands.examples[0]) in files["README.md"]
        assert {"start", "test"} <= json.loads(files["package.json"])["scripts"].keys()


HOSTILE = (
    "A REST API for books with title. `; process.exit(7); ` ${process.exit(7)} {{ 7 * 7 }} «: string» {% raw %}",
    'A REST API for books with title.\n\n# Heading\n"); process.exit(7); //\n</script><script>alert(1)</script>',
)


@pytest.mark.parametrize("name", ['"); process.exit(7) //', "${process.exit(7)}`", "*/ process.exit(7) /*", "«x»''\""])
@pytest.mark.parametrize("description", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_words_stay_words(description: str, name: str, language: str) -> None:
    try:
        brief = read(description, name=name, language=language)
    except NotUnderstood:
        plain = read("A REST API for books with title", name=name, language=language)
        brief = replace(plain, description=description)
    _assert_tame(brief, language)


def _assert_tame(brief: Brief, language: str) -> None:
    """The words stand in texts, and the files are still what they were."""
    for file in written(brief):
        assert TOOLCHAINS[language].syntax_error(file) == "", file.path
        if file.path.endswith((".js", ".ts")):
            for line in file.text.splitlines():
                assert "process.exit(7)" not in line or line.strip().startswith("title: "), line


def test_quotes_are_chosen_as_the_formatter_does() -> None:
    assert literal('a "b" c') == "'a \"b\" c'"
    assert literal('it\'s "b"') == "'it\\'s \"b\"'"
    assert literal("it's") == '"it\'s"'
    assert literal([1.0, 2.5, True, None, "x\ny"]) == '[1, 2.5, true, null, "x y"]'


def test_long_lines_get_a_line_for_each_part() -> None:
    names = [f"name{number}" for number in range(12)]
    assert script_file(f'import {{ {", ".join(names)} }} from "./x.js";\n\n\n\n').splitlines() == [
        "import {",
        *(f"  {name}," for name in names),
        '} from "./x.js";',
    ]
    short = 'import { one } from "./x.js";\n'
    assert script_file(short) == short


def test_a_table_is_as_wide_as_its_cells() -> None:
    assert markdown_table([["a", "b"], ["wide cell", "日本"]]).splitlines() == [
        "| a         | b    |",
        "| --------- | ---- |",
        "| wide cell | 日本 |",
    ]


def test_types_stand_in_typescript_only() -> None:
    for language, mark in (("javascript", False), ("typescript", True)):
        files = written(read("A REST API for books", language=language))
        assert any(": DatabaseSync" in file.text for file in files) is mark
        assert not any("«" in file.text for file in files)
