"""Manifests name packages and versions. Whatever else they ask for is refused in a sentence; nothing is fetched."""

from __future__ import annotations

import json

import pytest

from agents.errors import DependencyError
from agents.languages import TOOLCHAINS


def package(spec: object, name: str = "left") -> str:
    """A package.json with one dependency."""
    return json.dumps({"dependencies": {name: spec}})


def module(line: str) -> str:
    """A go.mod with one more line."""
    return f"module x\n\ngo 1.24\n\n{line}\n"


ATTACKS = {
    "python": [
        "-r other.txt",
        "--index-url http://evil.example/",
        "-e .",
        "left @ http://evil.example/left.whl",
        "left @ git+ssh://git@evil.example/left",
        "./left",
        "left \\\n --index-url=http://evil.example",
        "$(id)",
    ],
    "javascript": [
        package("git+ssh://git@evil.example/left.git"),
        package("git://evil.example/left"),
        package("someone/left"),
        package("github:someone/left"),
        package("http://evil.example/left.tgz"),
        package("file:../../etc"),
        package("../left"),
        package("link:../left"),
        package("npm:other@1"),
        package("workspace:*"),
        package("next"),
        package("1.0.0; id"),
        package("$(id)"),
        package(["1.0.0"]),
        package({"a": 1}),
        package("1.0.0", name="../left"),
        package("1.0.0", name="--registry=http://evil.example"),
        package("1.0.0", name="left@http://evil.example"),
        package("1.0.0", name=".npmrc"),
        package("1.0.0", name="node_modules"),
        '{"dependencies": ["left"]}',
        '{"overrides": {"left": "http://evil.example/left.tgz"}}',
        '{"workspaces": ["../.."]}',
        '{"bundleDependencies": ["left"]}',
        "[1]",
        "{",
        '{"dependencies": {' + ",".join(f'"p{n}": "1"' for n in range(300)) + "}}",
    ],
    "go": [
        module("replace example.com/a => ../../etc"),
        module("replace example.com/a => evil.example/b v1.0.0"),
        module("replace (\n\texample.com/a => ./b\n)"),
        module("exclude example.com/a v1.0.0"),
        module("tool example.com/a"),
        module("ignore ./a"),
        module("require ../left v1.0.0"),
        module("require example.com/../left v1.0.0"),
        module("require left v1.0.0"),
        module("require -modfile=x v1.0.0"),
        module("require example.com/a master"),
        module("require example.com/a latest"),
        module("require example.com/a http://evil.example"),
        module("require example.com/a"),
        module("require http://evil.example/a v1.0.0"),
        "module x\n\ngo 9.99\n",
        module("\n".join(f"require example.com/p{n} v1.0.0" for n in range(300))),
    ],
}
GOOD = {
    "python": ("fastapi>=0.100,<1\nuvicorn[standard]\n", ("fastapi<1,>=0.100", "uvicorn[standard]")),
    "javascript": (
        json.dumps(
            {
                "dependencies": {"express": "^4.21.0", "@scope/a": ">=1.2 <3 || 4.x", "b": "", "c": "1.2.3 - 2.0"},
                "devDependencies": {"d": "~1.0.0-rc.1", "e": "latest"},
            }
        ),
        ("express@^4.21.0", "@scope/a@>=1.2 <3 || 4.x", "b@*", "c@1.2.3 - 2.0", "d@~1.0.0-rc.1 dev", "e@* dev"),
    ),
    "go": (
        module(
            "require github.com/a/B/v2 v2.0.1 // indirect\nrequire (\n\tgolang.org/x/c v0.1.0-rc.1\n"
            "\texample.com/d v0.0.0-20200101000000-abcdef012345 // for the tests\n)"
        ),
        (
            "github.com/a/B/v2 v2.0.1 indirect",
            "golang.org/x/c v0.1.0-rc.1",
            "example.com/d v0.0.0-20200101000000-abcdef012345",
        ),
    ),
}
CASES = [
    pytest.param(language, text, id=f"{language}-{number}")
    for language, texts in {**ATTACKS, "typescript": ATTACKS["javascript"]}.items()
    for number, text in enumerate(texts)
]


@pytest.mark.parametrize(("language", "text"), CASES)
def test_what_is_no_name_and_version_is_refused(language: str, text: str) -> None:
    with pytest.raises(DependencyError) as refused:
        TOOLCHAINS[language].read_manifest(text)
    assert len(str(refused.value)) < 400


def test_an_option_is_told_as_one() -> None:
    with pytest.raises(DependencyError, match=r"line 2 is an option \('-r other.txt'\)"):
        TOOLCHAINS["python"].read_manifest("httpx\n-r other.txt\n")


@pytest.mark.parametrize("language", GOOD)
def test_names_and_versions_are_taken(language: str) -> None:
    text, lines = GOOD[language]
    toolchain = TOOLCHAINS[language]
    assert toolchain.read_manifest(text) == lines
    assert set(toolchain.read_manifest(toolchain.write_manifest("", lines))) == set(lines)


def test_every_language_has_attacks() -> None:
    assert set(ATTACKS) | {"typescript"} == set(TOOLCHAINS)


@pytest.mark.parametrize("line", ["../left 1.0", "left@http://evil.example", "--registry=http://evil.example", "a b c"])
@pytest.mark.parametrize("language", ["javascript", "go"])
def test_a_fetch_looks_at_each_requirement_again(language: str, line: str, cache: object) -> None:
    with pytest.raises(DependencyError):
        TOOLCHAINS[language].fetch((line,), cache, stop=lambda: False)  # type: ignore[arg-type]
