"""The language that a description asks for is understood, and its words name nothing that is stored."""

from __future__ import annotations

import pytest

from agents.errors import NotUnderstood
from agents.providers.offline.reading import read

SAME = {
    "A REST API for books with title and author": (
        "A REST API for books with title and author, in Python",
        "A REST API for books with title and author in Python 3.11 using FastAPI",
        "A Python REST API for books with title and author",
        "A REST API in Python for books with title and author",
        "A FastAPI service for books with title and author",
        "A REST API (in Python, with FastAPI) for books with title and author",
        "A REST API for books with title and author, written in Python with no third-party dependencies",
    ),
    "A CLI that sorts CSV": (
        "A Python CLI that sorts CSV",
        "A CLI that sorts CSV, with the standard library only",
        "A CLI in Python that sorts CSV using only the standard library",
    ),
}


GO = {
    "A REST API for books with title and author": (
        "A REST API for books with title and author in Go",
        "Create a Go REST API for books with title and author.",
        "Go REST API for books with title and author",
        "a golang service for books with title and author",
        "A golang backend for books with title and author",
        "A REST API written in Go 1.24 for books with title and author",
        "A REST API in Go with net/http and slog for books with title and author",
        "A REST API (Go, standard library only) for books with title and author",
        "a rest api in go for books with title and author, using only the standard library",
        "A REST API for books with title and author, with Go's standard library and no third-party packages",
        "A REST API for books with title and author, in Go, without any external dependencies",
    ),
    "REST API for a library management system": (
        "REST API for a library management system in Go",
        "REST API in Go for a library management system",
    ),
    "A CLI that sorts CSV": (
        "A Go CLI that sorts CSV",
        "A CLI in Go that sorts CSV, with encoding/csv and the flag package",
        "a command line tool in go that sorts CSV",
    ),
    "An expense report as html and markdown": ("An expense report as html and markdown, written in Go",),
    "A landing page for a bakery with opening hours": (
        "A landing page in Go for a bakery with opening hours",
        "A landing page for a bakery with opening hours, using Go and html/template",
    ),
    "Create a REST API for a library of books": ("Create a REST API for a library of books in Go",),
}


@pytest.mark.parametrize(("plain", "said"), [(plain, said) for plain, all_said in GO.items() for said in all_said])
def test_words_for_go_name_nothing_else(plain: str, said: str) -> None:
    found, wanted = read(said), read(plain)
    assert (found.language, wanted.language) == ("go", "python")
    assert (found.name, found.project_type) == (wanted.name, wanted.project_type)
    assert (found.entities, found.operations) == (wanted.entities, wanted.operations)


@pytest.mark.parametrize("text", ["A REST API for books about Go with title"])
def test_python_is_written_unless_a_language_is_asked_for(text: str) -> None:
    assert read(text).language == "python"


def test_the_form_overrules_the_words_for_go() -> None:
    assert read("A REST API for books in Go", language="python").language == "python"
    assert read("A Python REST API for books", language="go").language == "go"


@pytest.mark.parametrize("text", ["in Go with SQLite", "in Go with gin", "in Go with an SQL database"])
def test_what_the_go_blueprint_lacks_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(f"A REST API for books {text}")


@pytest.mark.parametrize(("plain", "said"), [(plain, said) for plain, all_said in SAME.items() for said in all_said])
def test_words_for_the_language_name_nothing_else(plain: str, said: str) -> None:
    found, wanted = read(said), read(plain)
    assert (found.name, found.language, found.project_type) == (wanted.name, wanted.language, wanted.project_type)
    assert (found.entities, found.operations) == (wanted.entities, wanted.operations)


IN_NODE = {
    "A REST API for books with title and author in JavaScript": "javascript",
    "A JavaScript REST API for books with title and author": "javascript",
    "A REST API for books with title and author, with Express": "javascript",
    "A Node.js REST API for books with title and author": "javascript",
    "An Express API for books with title and author": "javascript",
    "A REST API for books with title and author, built with Node.js and Express": "javascript",
    "A REST API for books with title and author in JS": "javascript",
    "A REST API in TypeScript for books with title and author": "typescript",
    "A TypeScript REST API for books with title and author": "typescript",
    "A REST API for books with title and author in TypeScript using Express": "typescript",
    "A REST API for books with title and author using Express and TypeScript": "typescript",
}


def test_each_kind_can_be_asked_for_in_each_language() -> None:
    for name, language in (("JavaScript", "javascript"), ("TypeScript", "typescript"), ("Node.js", "javascript")):
        for text in (
            f"A {name} data processor that writes an HTML report of sales",
            f"Create a {name} command line tool that filters CSV files",
            f"{name} CLI that sorts CSV",
            f"A {name} CSV converter",
            f"A landing page in {name} for a bakery",
            f"An HTML report of sales, written in {name}",
        ):
            assert read(text).language == language, text


def test_the_javascript_of_a_page_is_no_language_of_the_application() -> None:
    assert read("A landing page for a bakery in HTML, CSS and JavaScript").language == "python"


@pytest.mark.parametrize("said", IN_NODE)
def test_words_for_node_choose_its_languages_and_name_nothing_else(said: str) -> None:
    found, wanted = read(said), read("A REST API for books with title and author")
    assert (found.name, found.language, found.entities) == (wanted.name, IN_NODE[said], wanted.entities)


@pytest.mark.parametrize(
    "text",
    [
        "A REST API for books in Python with Express",
        "A todo API in TypeScript with NestJS",
        "A todo API in JavaScript with Prisma",
        "A todo API with Fastify",
    ],
)
def test_frameworks_that_are_not_used_are_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(text)


def test_a_language_of_the_form_goes_before_the_words() -> None:
    assert read("A REST API for books in Rust", language="python").language == "python"


@pytest.mark.parametrize(
    "text", ["A REST API for books in Rust", "A CLI in Kotlin that sorts CSV", "A todo API with Flask"]
)
def test_other_languages_and_frameworks_are_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(text)


def test_a_refusal_tells_the_languages_of_each_kind() -> None:
    with pytest.raises(NotUnderstood, match=r"a REST API that stores things \(in [^)]*Python"):
        read("An Android game")
