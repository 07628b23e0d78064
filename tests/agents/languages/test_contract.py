"""What every registered language must do, shown with a small application in a real container."""

from __future__ import annotations

from pathlib import PurePosixPath

import lizard
import pytest
from django.conf import settings

from agents.inventory import offers_of
from agents.languages.base import PackageCache
from agents.plan import Plan, PlannedFile, Requirements
from agents.types import Level, SourceFile
from tests.agents.engine import REQUIREMENTS
from tests.agents.languages.conftest import Language

pytestmark = pytest.mark.sandbox


def test_a_working_application_is_installed_started_and_tested(language: Language) -> None:
    evidence = language.prove()
    assert (evidence.failed_step, evidence.failure) == (None, "")
    assert [(probe.path, probe.status) for probe in evidence.probes] == [("/sum?a=1&b=2", 200), ("/sum?a=x&b=2", 400)]
    counts = evidence.tests
    assert counts is not None
    assert (counts.passed, counts.failed, counts.skipped) == (2, 0, 1)
    assert evidence.coverage is not None
    assert 0 < evidence.coverage < 1


def test_a_broken_application_is_told_by_its_tests(language: Language) -> None:
    evidence = language.prove(**language.sample.broken)
    assert evidence.failed_step == "test"
    counts = evidence.tests
    assert counts is not None
    assert (counts.passed, counts.failed, counts.skipped) == (0, 2, 1)
    assert "3" in counts.failures[0].message


def test_the_formatter_changes_careless_files_and_leaves_its_own_work(language: Language) -> None:
    once = language.toolchain.format(language.tree(**language.sample.careless), language.bench)
    texts = {file.path: file.text for file in once}
    for path, text in language.sample.careless.items():
        assert texts[path] != text
    assert {file.path for file in once} == {*language.sample.careless, *(f.path for f in language.tree())}
    again = language.toolchain.format(once, language.bench)
    assert {file.path: file.text for file in again} == texts


def test_the_sample_is_formatted_and_clean(language: Language) -> None:
    files = language.tree()
    assert language.toolchain.format(files, language.bench) == files
    assert language.toolchain.lint(files, language.bench) == ()
    assert [file.path for file in files if language.toolchain.syntax_error(file)] == []


def test_the_linter_tells_mistakes_and_dangers_with_their_lines(language: Language) -> None:
    found = language.toolchain.lint(language.tree(**language.sample.careless), language.bench)
    (path,) = language.sample.careless
    assert {one.path for one in found} == {path}
    assert all(one.line > 0 and one.message for one in found)
    assert any(one.level is Level.ERROR for one in found)
    assert any(one.rule.startswith("S") for one in found)


def test_the_type_checker_finds_what_does_not_fit_or_says_that_there_is_none(language: Language) -> None:
    language.prove()
    found = language.toolchain.type_check(language.tree(**language.sample.careless), language.bench)
    assert found is None or {one.path for one in found} >= set(language.sample.careless)


def test_a_file_that_does_not_parse_is_refused_with_its_line(language: Language) -> None:
    suffix = language.toolchain.suffixes[0]
    problem = language.toolchain.syntax_error(SourceFile(f"x{suffix}", b"\n\n) = ( {\n"))
    assert problem.startswith(f"x{suffix} line 3")


def test_functions_are_seen_for_complexity_comments_and_the_inventory(language: Language) -> None:
    (path,) = language.sample.broken
    file = SourceFile(path, language.sample.files[path].encode())
    functions = lizard.analyze_file.analyze_source_code(file.path, file.text).function_list
    assert [function.name.lower() for function in functions] == ["add"]
    assert functions[0].cyclomatic_complexity > 1
    documented, public = language.toolchain.documented(file)
    assert documented == public >= 1
    assert "add" in {offer.name.lower() for offer in offers_of(file)}
    tests = [f for f in language.tree() if language.toolchain.is_test(f.path)]
    assert len([offer for file in tests for offer in offers_of(file) if offer.kind == "test"]) == 3
    assert not language.toolchain.is_test(path)


def test_imports_are_explained_and_unknown_ones_are_told(language: Language) -> None:
    toolchain, files = language.toolchain, language.tree()
    lines = (*toolchain.read_manifest(language.sample.files[toolchain.manifest]), *toolchain.test_requirements)
    modules = toolchain.modules_in(language.fetched, lines)
    assert toolchain.unresolved_imports(files, lines, modules) == ()
    (path, text), *_ = language.sample.undeclared.items()
    (finding,) = toolchain.unresolved_imports((*files, SourceFile(path, text.encode())), lines, modules)
    assert finding.path == path
    assert finding.level is Level.ERROR
    assert finding.message.endswith(f"it comes with '{language.sample.package}'")


def test_a_second_fetch_asks_nothing_of_the_network(language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain = language.toolchain
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    lines = toolchain.read_manifest(language.sample.files[toolchain.manifest])
    again = toolchain.fetch(
        (*lines, *toolchain.test_requirements), PackageCache(settings.PACKAGE_CACHE), stop=lambda: False
    )
    assert again.from_cache
    assert again.files == language.fetched.files


def test_templates_make_what_the_plan_leaves_out(language: Language) -> None:
    commands = language.sample.commands
    planned = (
        PlannedFile(path="a", kind="source", purpose="p"),
        PlannedFile(path="Dockerfile", kind="extra", purpose="p"),
    )
    requirements = Requirements.model_validate(REQUIREMENTS)
    made = {f.path: f.text for f in language.toolchain.templates(requirements, Plan(files=planned, commands=commands))}
    assert set(made) >= {".gitignore", ".dockerignore", ".github/workflows/ci.yml"}
    assert "Dockerfile" not in made
    assert commands.test in made[".github/workflows/ci.yml"]
    # What an installation or a test leaves behind is not put under version control.
    assert any(PurePosixPath(line.strip("/")).name for line in made[".gitignore"].splitlines())


def test_a_manifest_keeps_everything_but_its_requirements(language: Language) -> None:
    toolchain, text = language.toolchain, language.sample.files[language.toolchain.manifest]
    lines = toolchain.read_manifest(text)
    assert toolchain.read_manifest(toolchain.write_manifest(text, lines)) == lines
    assert toolchain.write_manifest(text, lines) == text
