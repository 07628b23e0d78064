"""A web page is proved by a browser in the sandbox: its console must be clean."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from agents import pipeline
from agents.evidence import Outcome, PageEvidence
from agents.providers.base import Request
from agents.sandboxes import sandbox_named
from agents.state import RunState
from agents.types import Purpose
from tests.agents.engine import PLAN, REQUIREMENTS, Model, Notebook, edit_block, fence, make_context, planned

pytestmark = pytest.mark.sandbox

PAGE_PLAN: dict[str, Any] = {
    "files": [planned("index.html", "source"), planned("requirements.txt", "extra"), planned("test_page.py", "test")],
    "commands": {
        **PLAN["commands"],
        "start": "python -m http.server 8123 --bind 127.0.0.1",
        "port": 8123,
        "probes": [{"path": "/index.html"}],
        "examples": [],
    },
}
HEAD = '<!doctype html><html lang="en"><head><title>Clock</title></head><body><h1>Clock</h1>\n'
TEST = 'def test_title():\n    """AC-1 AC-2"""\n    assert "Clock" in open("index.html").read()\n'


class PageModel(Model):
    """Writes a page with this in its body."""

    def __init__(self, body: str) -> None:
        super().__init__({"index.html": f"{HEAD}{body}\n</body></html>\n", "test_page.py": TEST}, PAGE_PLAN)

    def usual(self, request: Request) -> str:
        if request.purpose is Purpose.REQUIREMENTS:
            return fence({**REQUIREMENTS, "project_type": "web_page", "plan": PAGE_PLAN})
        return super().usual(request)


def run(model: Model, sandbox: str = "docker") -> tuple[RunState, PageEvidence, Notebook]:
    context, _provider, journal = make_context(model, sandbox_named(sandbox, "tests of the engine"))
    state = pipeline.run(RunState(prompt="A page with a clock"), context)
    assert state.evidence is not None
    assert state.evidence.page is not None
    return state, state.evidence.page, journal


@pytest.mark.parametrize("sandbox", ["docker", "bubblewrap"])
def test_a_clean_page_is_shown_as_the_browser_saw_it(sandbox: str) -> None:
    clean = '<script>document.title = "Clock at " + 12; console.log("no error")</script>'
    state, page, _journal = run(PageModel(clean), sandbox)
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert (page.title, page.errors, page.problem) == ("Clock at 12", (), "")
    assert base64.b64decode(page.screenshot)[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<script>startClock()</script>", "startClock is not defined"),
        ('<script>console.error("no battery", 7)</script>', "no battery 7"),
        ('<script src="missing.js"></script>', "missing.js"),
        ('<script>Promise.reject(new Error("late"))</script>', "late"),
    ],
)
def test_an_error_in_the_console_is_no_success(body: str, error: str) -> None:
    state, page, journal = run(PageModel(body))
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.FAILED
    assert error in "\n".join(page.errors)
    repair = next(call for call in journal.calls if call.purpose is Purpose.REPAIR)
    assert error in repair.messages[1].text


def test_an_error_in_the_console_is_repaired() -> None:
    broken = "<script>startClock()</script>"

    def mend(request: Request) -> str:
        return fence({"cause": "code", "explanation": "No such function."}) + "\n" + edit_block(
            request, "index.html", broken, "<script>console.log(1)</script>"
        )  # fmt: skip

    state, page, _journal = run(PageModel(broken).then(Purpose.REPAIR, mend))
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED
    assert page.errors == ()
    assert [row.kept for row in state.repairs] == [True]
