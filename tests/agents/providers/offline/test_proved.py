"""Applications that blueprints write in other languages than Python build, start, answer and pass their tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agents.bench import SandboxBench
from agents.evidence import Evidence
from agents.execution.proving import Prover
from agents.languages import TOOLCHAINS
from agents.languages.base import Fetched, Toolchain
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.reading import read
from agents.quality import complexity, documentation, lint, security
from agents.quality.base import Subject
from agents.sandboxes.base import SandboxSession
from agents.sandboxes.docker import DockerSandbox
from agents.state import RunState
from agents.types import ProjectType, SourceFile
from tests.agents.engine import Model, make_context

pytestmark = pytest.mark.sandbox
SENTENCES = {
    "go": (
        "A REST API in Go for authors and books with title, isbn (unique), price and tags (unique), filter by price "
        "and tags, search, sorting",
        "Create a weather API in Go with current weather and a 5 day forecast",
        "Create a simple CLI tool in Go that processes CSV files",
        "An expense report as html, markdown and json, written in Go",
        "A landing page in Go for a bakery with opening hours and a contact form",
    ),
}


@pytest.fixture(scope="module", params=sorted(SENTENCES))
def language(request: pytest.FixtureRequest) -> str:
    """One language after the other."""
    return str(request.param)


@pytest.fixture(scope="module")
def session(language: str) -> Iterator[SandboxSession]:
    """The one sandbox in which all applications of a language are proved."""
    with DockerSandbox("proofs of blueprints").open(
        run=f"blueprints-{language}", fence=1, image=TOOLCHAINS[language].image
    ) as opened:
        yield opened


@dataclass(frozen=True)
class Written:
    """All that is delivered for a sentence, and what the run knows of it."""

    files: tuple[SourceFile, ...]
    state: RunState


def written(sentence: str, toolchain: Toolchain) -> Written:
    """What the offline provider and the language's templates make of a sentence."""
    brief = read(sentence)
    assert brief.language == toolchain.key
    blueprint = BLUEPRINTS[(brief.project_type, brief.language)]
    required, plan = blueprint.requirements(brief), blueprint.plan(brief)
    files = [blueprint.render(brief, planned.path) for planned in plan.files]
    state = RunState(prompt=sentence, requirements=required, plan=plan)
    return Written((*files, *toolchain.templates(required, plan)), state)


def proved(session: SandboxSession, toolchain: Toolchain, made: Written) -> Evidence:
    """Built, started, asked and tested in the sandbox, without any package."""
    context, _, _ = make_context(Model(), DockerSandbox("proofs of blueprints"))
    page = made.state.needed_requirements().project_type is ProjectType.WEB_PAGE
    prover = Prover(context, session, toolchain, made.state.needed_plan().commands, is_page=page)
    return prover.prove(made.files, Fetched((), "", from_cache=True))


def test_applications_hold_what_they_promise(language: str, session: SandboxSession) -> None:
    toolchain = TOOLCHAINS[language]
    for sentence in SENTENCES[language]:
        evidence = proved(session, toolchain, written(sentence, toolchain))
        assert evidence.failed_step is None, f"{sentence}\n{evidence.failure}"
        assert evidence.tests is not None
        assert evidence.tests.passed > 5
        assert all(probe.passed for probe in evidence.probes)
        assert (evidence.coverage or 0) > 0.85


def test_tools_of_the_language_find_nothing(language: str, session: SandboxSession) -> None:
    toolchain, bench = TOOLCHAINS[language], SandboxBench(session)
    for sentence in SENTENCES[language]:
        made = written(sentence, toolchain)
        formatted = toolchain.format(made.files, bench)
        assert [a.path for a, b in zip(made.files, formatted, strict=True) if a != b] == []
        subject = Subject(made.files, made.state, toolchain, bench)
        for measure in (lint, security, complexity, documentation):
            found = measure.measure(subject)
            assert found.value == 1, f"{measure.MEASURE.label} of '{sentence}': {found.detail}"
