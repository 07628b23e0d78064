"""A model behind a real socket that does the tasks of a test well, or badly in one way or another."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agents.probing.trials import PRICES, README
from tests.agents.providers.endpoint import Endpoint, Script, Talk, chunk, stream, whole, words

Answer = Callable[[str, str], str | Script]
JSON = '{"name": "Port Scanner", "language": "Go", "inputs": ["host", "port"], "server": false}'
USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}


def fenced(_text: str, _nonce: str) -> str:
    return f"```json\n{JSON}\n```"


def bare(_text: str, _nonce: str) -> str:
    return JSON


def prose(_text: str, _nonce: str) -> str:
    return "A port scanner would take a host and a port, and be written in Go."


def files(_text: str, nonce: str) -> str:
    empty = f"<<<FILE {nonce} greeter/__init__.py mode=644>>>\n<<<END {nonce} greeter/__init__.py>>>\n"
    return f"{empty}<<<FILE {nonce} README.md mode=644>>>\n{README}\n<<<END {nonce} README.md>>>\n"


def edits(_text: str, nonce: str) -> str:
    parts = [
        ("def weight(items):\n    total = 0", "def weight(items):\n    total = 0.5"),
        (
            "def gross(items):\n    return net(items) * 1.19",
            "def gross(items, rate=1.19):\n    return net(items) * rate",
        ),
    ]
    told = "\n".join(f"<<<SEARCH {nonce}>>>\n{old}\n<<<REPLACE {nonce}>>>\n{new}" for old, new in parts)
    return f"<<<EDIT {nonce} prices.py>>>\n{told}\n<<<END {nonce} prices.py>>>"


def numbers(text: str, _nonce: str) -> str:
    found = re.search(r"from 1 to (\d+)", text)
    assert found is not None
    return "\n".join(str(number) for number in range(1, int(found[1]) + 1))


def whole_file(_text: str, nonce: str) -> str:
    return f"<<<FILE {nonce} prices.py>>>\n{PRICES}\n<<<END {nonce} prices.py>>>"


def cut_after(count: int) -> Answer:
    """An endpoint that ends every long answer there."""

    def answer(text: str, nonce: str) -> Script:
        said = numbers(text, nonce)[: 4 * count]
        usage = {**USAGE, "completion_tokens": count}
        return stream(*words(said, finish="length"), chunk(choices=[], usage=usage))

    return answer


class TriedModel:
    """What an endpoint says of itself and how its model answers; single answers can be replaced by other ones."""

    def __init__(self, **answers: Answer) -> None:
        good = {"json": fenced, "schema": bare, "files": files, "edits": edits, "output": numbers}
        self.answers: dict[str, Answer] = {**good, **answers}
        self.models: list[dict[str, Any]] | None = [{"id": "m"}]
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []

    def __call__(self, talk: Talk) -> None:
        """Answer one connection."""
        if talk.path.endswith("/models"):
            (whole({}, 404) if self.models is None else whole({"data": self.models}))(talk)
            return
        self.asked.append(talk.body)
        text = talk.body["messages"][-1]["content"]
        found = re.search(r"<<<(?:FILE|EDIT|DATA) ([0-9a-f]{8}) ", text)
        answer = self.answers[self._task(text)](text, found[1] if found else "")
        if callable(answer):
            answer(talk)
        else:
            stream(*words(answer), chunk(choices=[], usage=USAGE), **self.headers)(talk)

    @staticmethod
    def _task(text: str) -> str:
        marks = {"whole numbers": "output", "prices.py": "edits", "two files": "files", "```json": "json"}
        return next((name for mark, name in marks.items() if mark in text), "schema")


def tried(endpoint: Endpoint, **answers: Answer) -> TriedModel:
    """Have an endpoint answer as such a model."""
    model = TriedModel(**answers)
    endpoint.script = model
    return model
