"""A change of an application that is there: edits of what it touches, and a guard for all else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents import pipeline
from agents.context import RunContext
from agents.evidence import Outcome
from agents.plan import Plan, Requirements
from agents.providers.base import Request
from agents.state import RunState
from agents.types import Purpose, SourceFile
from agents.workspace import Workspace
from tests.agents.engine import (
    FILES,
    PLAN,
    PROMPT,
    REQUIREMENTS,
    Model,
    Notebook,
    edit_block,
    fence,
    file_blocks,
    make_context,
    planned,
)

pytestmark = pytest.mark.sandbox
BASE = tuple(SourceFile(path, text.encode()) for path, text in FILES.items())
NEW_TEST = 'from adder import multiply\n\n\ndef test_product():\n    """AC-3"""\n    assert multiply([2, 3]) == 6\n'
PRODUCT = '''def multiply(numbers: list[float]) -> float:
    """The product of the numbers."""
    product = 1.0
    for number in numbers:
        product *= number
    return product


if __name__ == "__main__":'''


def change(_request: Request) -> str:
    return fence(
        {
            "summary": "Adds and multiplies.",
            "criteria": [{"id": "AC-3", "text": "2 and 3 multiplied give 6."}],
            "dependencies": [],
            "files": [planned("adder.py", "source"), planned("test_product.py", "test")],
            "commands": {"examples": ["python adder.py 1 2", "python adder.py 4"]},
        }
    )


def edit(request: Request) -> str:
    if "test_product.py" in request.data["paths"]:
        return file_blocks(request, {"test_product.py": NEW_TEST})
    return edit_block(request, "adder.py", 'if __name__ == "__main__":', PRODUCT)


def follow_up(model: Model) -> tuple[RunState, RunContext, Notebook]:
    context, _provider, journal = make_context(model)
    context = replace(context, workspace=Workspace(BASE), base=BASE)
    state = RunState(
        prompt=f"{PROMPT}. Multiply too.",
        change="Multiply too.",
        requirements=Requirements.model_validate(REQUIREMENTS),
        plan=Plan.model_validate(PLAN),
    )
    return pipeline.run(state, context), context, journal


def test_a_change_edits_what_it_touches_and_keeps_the_rest() -> None:
    state, context, journal = follow_up(Model().then(Purpose.CHANGE, change).then(Purpose.EDIT, edit, edit))
    assert journal.outcomes == [("change", "ok"), ("edit", "ok"), ("edit", "ok")]
    source = context.workspace.read("adder.py")
    assert source is not None
    assert "def add(" in source.text
    assert "def multiply(" in source.text
    kept = context.workspace.read("test_adder.py")
    assert kept is not None
    assert kept.text == FILES["test_adder.py"]
    assert [criterion.id for criterion in state.needed_requirements().criteria] == ["AC-1", "AC-2", "AC-3"]
    assert state.needed_plan().commands.examples == ("python adder.py 1 2", "python adder.py 4")
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert state.evidence is not None
    assert state.evidence.tests is not None
    assert state.evidence.tests.passed == 3
    assert state.regression is not None
    assert (state.regression.same_tests, state.regression.lost) == (True, False)
    coder, tester = (call.messages[1].text for call in journal.calls[1:])
    assert "sum(numbers)" in coder
    assert "sum(numbers)" not in tester
    assert "AC-3: 2 and 3 multiplied give 6." in tester


def test_what_a_change_takes_away_is_named_even_when_its_own_tests_pass() -> None:
    def careless(request: Request) -> str:
        if "test_adder.py" in request.data["paths"]:
            return edit_block(
                request, "test_adder.py", "from adder import add", "from adder import multiply as add"
            ) + ("\n" + edit_block(request, "README.md", "# Adder", "# Multiplier"))
        return file_blocks(request, {"adder.py": '"""Multiplies."""\n\n\n' + PRODUCT.split("\n\n\nif")[0] + "\n" * 9})

    def planned_change(_request: Request) -> str:
        files = [planned("adder.py", "source"), planned("test_adder.py", "test")]
        return fence({"summary": "Multiplies.", "files": files, "commands": {"examples": []}})

    def tests_of_the_product(request: Request) -> str:
        text = "from adder import multiply\n\n\ndef test_sum() -> None:\n    assert multiply([3]) == 3\n"
        return file_blocks(request, {"test_adder.py": text})

    model = Model().then(Purpose.CHANGE, planned_change).then(Purpose.EDIT, careless, tests_of_the_product)
    state, _context, _journal = follow_up(model)
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    lost = state.regression
    assert lost is not None
    assert [(one.kind, one.name) for one in lost.removed] == [("function", "add"), ("test", "test_nothing")]
    assert lost.paths == ("adder.py", "test_adder.py")
    assert lost.lost
    assert lost.counts is not None
    assert lost.counts.failed >= 1
