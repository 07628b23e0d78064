"""A scripted model as a provider that settings can name: it writes a small tool, and changes it carelessly."""

from __future__ import annotations

from typing import ClassVar

from agents.providers.base import Reply, Request
from agents.providers.scripted import ScriptedProvider
from agents.types import Purpose
from tests.agents.engine import PLAN, REQUIREMENTS, Model, fence, file_blocks, planned

SUBTRACT = '''"""Subtracts."""

import sys


def subtract(a: float, b: float) -> float:
    """The difference of the numbers."""
    return a - b


if __name__ == "__main__":
    print(subtract(float((sys.argv + ["0"])[1]), 0))
'''
TEST = """\
from adder import subtract


def test_difference() -> None:
    '''AC-1 AC-2'''
    assert subtract(3, 1) == 2
    assert subtract(1, 3) == -2
    assert subtract(1, 1) == 0
"""


class CarelessModel(ScriptedProvider):
    """Asked for a change, it throws away what was there."""

    uses_ai = True

    def __init__(self) -> None:
        super().__init__(_answer, uses_ai=True)


class AskingModel(ScriptedProvider):
    """Asks before it plans, where it may; keeps all requests for the test."""

    uses_ai = True
    asked: ClassVar[list[Request]] = []

    def __init__(self) -> None:
        super().__init__(self._ask, uses_ai=True)

    def _ask(self, request: Request) -> str | Reply:
        self.asked.append(request)
        model = Model()
        if request.purpose is Purpose.REQUIREMENTS and '"questions"' in request.messages[1].text:
            return fence({**REQUIREMENTS, "plan": PLAN, "questions": ["Which numbers?", "How precise?"]})
        model.files["sum.py"] = "TWO = 2\n"
        return model(request)


def _answer(request: Request) -> str | Reply:
    if request.purpose is Purpose.CHANGE:
        files = [planned("adder.py", "source"), planned("test_adder.py", "test")]
        return fence({"summary": "Subtracts.", "files": files, "commands": {"examples": []}})
    if request.purpose is Purpose.EDIT and "test_adder.py" in request.data["paths"]:
        return file_blocks(request, {"test_adder.py": TEST})
    if request.purpose is Purpose.EDIT:
        return file_blocks(request, {"adder.py": SUBTRACT})
    return Model()(request)
