"""What running again will take is told from what the stages took before."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.context import StageMeasures
from agents.types import StageName
from generations.again_estimate import estimate_again
from generations.estimates import USUAL
from generations.models import ModelCall, Project, Run, RunStatus
from tests.factories import claim, make_project, make_run, make_state, newest_of

pytestmark = pytest.mark.django_db
CODE, TESTS = StageName.CODE, StageName.TESTS


@pytest.fixture
def project(user: object, settings: Settings) -> Project:
    """Somebody's, where a scripted model counts as an AI."""
    settings.SCRIPTED_PROVIDER = "tests.scripted_adder.CarelessModel"
    return make_project(user)


def asked(project: Project, tokens: dict[StageName, tuple[int, int]], passes: int = 1) -> Run:
    """A run whose stages took so many prompt and completion tokens, in each of their passes."""
    journal = claim(make_run(project, provider_profile="scripted", tokens=1))
    for _ in range(passes):
        for stage, (prompt, completion) in tokens.items():
            ModelCall.objects.create(
                run=journal.run, stage=stage, role="coder", seconds=1, request=[], outcome="ok",
                prompt_tokens=prompt, completion_tokens=completion,
            )  # fmt: skip
            measures = StageMeasures(seconds=1, tokens=prompt + completion)
            done = tuple(StageName)[: tuple(StageName).index(stage) + 1]
            journal.checkpoint(stage, make_state(journal.run, *done), (), measures)
    journal.finish(RunStatus.FAILED, [])
    return Run.objects.select_related("project__owner").get(pk=journal.run.pk)


def tokens(run: Run, *stages: StageName, profile: str = "scripted") -> int | None:
    found = estimate_again(run, stages, profile, {})
    return None if found is None else found.tokens


def test_a_stage_is_expected_to_take_what_it_took_in_this_run(project: Project) -> None:
    run = asked(project, {CODE: (300, 200), TESTS: (50, 50)}, passes=2)
    assert tokens(run, CODE, TESTS) == 600
    assert tokens(run, TESTS) == 100


def test_a_stage_that_never_ended_here_is_taken_from_other_runs_of_the_same_person(project: Project) -> None:
    for size in (100, 200, 900):
        asked(project, {TESTS: (size, 0)})
    asked(make_project(), {TESTS: (50_000, 0)})
    run = asked(project, {CODE: (300, 200)})
    assert tokens(run, CODE, TESTS) == 500 + 200


def test_with_no_run_to_go_by_it_is_a_usual_one(project: Project) -> None:
    run = make_run(project, RunStatus.FAILED, provider_profile="scripted")
    assert tokens(run, *StageName) == sum(sum(pair) for pair in USUAL.values())
    assert tokens(run, StageName.FORMATTING) == 0


def test_without_ai_there_is_nothing_to_estimate(project: Project) -> None:
    run = asked(project, {CODE: (300, 200)})
    assert tokens(run, CODE, profile="offline") is None


def test_the_dialog_tells_it_and_what_another_provider_would_take(client: Client, project: Project) -> None:
    client.force_login(project.owner)
    run = asked(project, {StageName.STRUCTURE: (10, 10), CODE: (3000, 2000)})
    url = reverse("checkpoint-again", args=[newest_of(run, StageName.STRUCTURE).pk])
    assert "about 5,000 tokens, $0.00" in client.get(url).content.decode()
    assert "no tokens and no cost" in client.get(url, {"profile": "offline"}).content.decode()
