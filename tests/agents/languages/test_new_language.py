"""A fifth language, registered at run time: it is offered, chosen by words, and an application is generated in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents import languages, pipeline
from agents.errors import SandboxUnavailable
from agents.evidence import Outcome
from agents.providers.base import Request
from agents.sandboxes import sandbox_named
from agents.state import RunState
from agents.types import Purpose
from generations.forms import language_choices
from tests.agents.engine import REQUIREMENTS, Model, fence, make_context, planned
from tests.agents.languages.toy import TOY

FILES = {
    "add.toy": "# Adds numbers.   \nadd() { echo $(($1 + $2)); }\nadd ${1:-0} ${2:-0}\n",
    "tests.toy": '# AC-1 AC-2\n[ "$(sh add.toy 1 2)" = 3 ] && echo ok || echo wrong\n'
    '[ "$(sh add.toy)" = 0 ] && echo ok || echo wrong\n',
    "words.list": "left\n",
    "README.md": "# Adder\n\n    sh add.toy 1 2\n",
}
PLAN: dict[str, Any] = {
    "files": [
        planned("add.toy", "source"),
        planned("words.list", "extra"),
        planned("README.md", "extra"),
        planned("tests.toy", "test", depends_on=["add.toy"]),
    ],
    "commands": {
        "install": "true",
        "start": "sh add.toy",
        "test": "sh tests.toy",
        "examples": ["sh add.toy 1 2"],
    },
}


class Speaker(Model):
    """Answers in the language that it was told to use; ``shown`` are the requests."""

    def __init__(self) -> None:
        super().__init__(FILES, PLAN)
        self.shown: list[Request] = []

    def __call__(self, request: Request) -> Any:
        self.shown.append(request)
        if request.purpose is Purpose.REQUIREMENTS:
            return fence({**REQUIREMENTS, "language": "toy", "plan": PLAN})
        return super().__call__(request)


@pytest.mark.sandbox
def test_a_new_language_is_generated_in() -> None:
    model = Speaker()
    context, _, journal = make_context(model)
    context = replace(context, toolchains={**context.toolchains, "toy": TOY})
    state = pipeline.run(RunState(prompt="A toy tool that adds two numbers"), context)
    assert "The description asks for Toy." in journal.told()
    assert state.language == "toy"
    assert state.verdict is not None
    assert (state.verdict.outcome, state.verdict.reason) == (Outcome.SUCCEEDED, state.verdict.reason)
    assert state.evidence is not None
    assert state.evidence.tests is not None
    assert state.evidence.tests.passed == 2
    files = {file.path: file.text for file in context.workspace.files()}
    assert files["add.toy"].startswith("# Adds numbers.\n")
    assert files["words.lock"] == "left 1\n"
    assert files[".gitignore"] == "*.out\n"
    assert state.quality is not None
    assert state.quality.measures["lint"].value == 1.0
    prompt = "\n".join(message.text for request in model.shown for message in request.messages)
    assert "lists words, one a line" in prompt
    assert "requirements.txt" not in prompt


def test_a_new_language_can_be_chosen_in_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(languages.TOOLCHAINS, "toy", TOY)
    assert ("toy", "Toy 1") in language_choices()


@pytest.mark.sandbox
def test_a_run_in_a_language_without_programs_waits_before_anything_is_planned() -> None:
    model = Speaker()
    context, _, journal = make_context(model, sandbox_named("docker", "tests of the engine"))
    context = replace(context, toolchains={**context.toolchains, "toy": replace(TOY, image="nothing")})
    with pytest.raises(SandboxUnavailable, match="build_images toy"):
        pipeline.run(RunState(prompt="A toy tool that adds two numbers"), context)
    assert [request.purpose for request in model.shown] == [Purpose.REQUIREMENTS]
    assert [stage for stage, _, _ in journal.checkpoints] == ["requirements"]
