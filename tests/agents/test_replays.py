"""The whole pipeline on answers that a real model gave: parsing, gates, dependencies, proof, verdict."""

from __future__ import annotations

import pytest

from agents import pipeline
from agents.evidence import Outcome
from agents.state import RunState
from tests.agents.engine import make_context
from tests.agents.replaying import FOLDER, Replay

pytestmark = pytest.mark.sandbox
RECORDED = sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers_become_the_same_application(name: str) -> None:
    replay = Replay(name)
    context, provider, journal = make_context(replay)
    state = pipeline.run(RunState(prompt=replay.recorded["prompt"]), context)
    assert state.verdict is not None
    assert state.verdict.outcome is Outcome.SUCCEEDED, state.verdict.reason
    assert state.evidence is not None
    assert state.evidence.tests is not None
    assert state.evidence.tests.passed == replay.recorded["tests"]
    assert {outcome for _, outcome in journal.outcomes} == {"ok"}
    # No call was made that the recorded run did not need, and none of its answers was left over.
    assert replay.left == []
    assert len(provider.requests) <= len(replay.recorded["calls"])


def test_there_are_recorded_answers() -> None:
    assert len(RECORDED) >= 4
