"""The language that a description asks for, by its words; the form's choice goes before it."""

from __future__ import annotations

import pytest

from agents.languages import TOOLCHAINS
from agents.languages.choice import language_named

PLAIN = {
    "A REST API for books in Python": "python",
    "Write a python script that counts words": "python",
    "an API with FastAPI": "python",
    "a command line tool in JavaScript": "javascript",
    "Create an Express API for rooms": "javascript",
    "A REST API for rooms with Express": "javascript",
    "a Node.js service that shortens links.": "javascript",
    "A TypeScript library for dates": "typescript",
    "a REST API in TypeScript with Express": "typescript",
    "A URL shortener written in Go": "go",
    "a golang cli": "go",
    "Build a Go service for rooms": "go",
    "a tool in Go, not in Python": "go",
    "a tool for Python developers, in Go": "go",
}
OPEN = (
    "Go through all files and count their words",
    "A tool that formats Python code",
    "An API to manage Python courses",
    "a board to go with the game",
    "A REST API for weather forecasts",
    "a command line tool without JavaScript",
    "A REST API in Python with Express",
    "A page that explains the node of a graph",
)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_wish_is_understood(text: str) -> None:
    assert language_named(text, TOOLCHAINS) == PLAIN[text]


@pytest.mark.parametrize("text", OPEN)
def test_what_is_no_wish_is_left_open(text: str) -> None:
    assert language_named(text, TOOLCHAINS) == ""
