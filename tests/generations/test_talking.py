"""A run asks its person and shows its plan before anything is written, where that was wished for."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.types import Purpose, StageName
from generations import launch, talking
from generations.errors import LaunchError
from generations.models import Checkpoint, Run, RunStatus
from generations.tasks import execute_run
from tests.factories import make_run
from tests.scripted_adder import AskingModel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]


@pytest.fixture
def mine(client: Client, user: User, settings: Settings) -> Client:
    settings.SCRIPTED_PROVIDER = "tests.scripted_adder.AskingModel"
    settings.SANDBOX = "docker"
    AskingModel.asked.clear()
    client.force_login(user)
    return client


def order(client: Client, **wishes: str) -> Run:
    client.post(reverse("run-new"), {"prompt": "Add numbers", "profile": "scripted", **wishes})
    return executed(Run.objects.latest("created_at"))


def executed(run: Run) -> Run:
    assert execute_run(str(run.pk))
    run.refresh_from_db()
    return run


def page(client: Client, run: Run) -> str:
    return client.get(reverse("run", args=[run.pk])).content.decode()


def purposes() -> list[str]:
    return [request.purpose.value for request in AskingModel.asked]


def test_without_the_wish_nothing_is_asked(mine: Client) -> None:
    run = order(mine)
    assert run.status == RunStatus.SUCCEEDED, run.reason
    assert purposes() == ["requirements", "source", "tests"]


def test_answers_reach_the_requirements(mine: Client) -> None:
    run = order(mine, asks="on")
    assert (run.status, purposes()) == (RunStatus.PAUSED, ["requirements"])
    assert "answer them, or go on without" in run.reason
    shown = page(mine, run)
    assert "Which numbers?" in shown
    assert "How precise?" in shown
    mine.post(reverse("run-answers", args=[run.pk]), {"answer": ["Whole ones, <b>only</b>", " "]})
    run = executed(run)
    assert run.status == RunStatus.SUCCEEDED, run.reason
    assert purposes() == ["requirements", "requirements", "source", "tests"]
    again = AskingModel.asked[1].messages[1].text
    assert "Which numbers?\nWhole ones, <b>only</b>" in again
    assert "How precise?" not in again
    for request in AskingModel.asked[2:]:
        assert "Which numbers?\nWhole ones, <b>only</b>" in request.messages[1].text
    assert "questions`: at most" not in again
    assert run.settings.get("grants", 1) == 1


@pytest.mark.parametrize("way", ["empty answers", "going on"])
def test_without_answers_the_run_goes_on_from_where_it_was(mine: Client, way: str) -> None:
    run = order(mine, asks="on")
    if way == "going on":
        launch.resume_run(run)
    else:
        talking.answer(run, ["", ""])
    assert executed(run).status == RunStatus.SUCCEEDED
    assert purposes() == ["requirements", "source", "tests"]
    assert run.settings.get("grants", 1) == 1


def test_a_plan_is_shown_changed_and_carried_out_as_changed(mine: Client) -> None:
    run = order(mine, approves="on")
    assert (run.status, purposes()) == (RunStatus.PAUSED, ["requirements"])
    url = reverse("run-plan", args=[run.pk])
    assert url in page(mine, run)
    shown = mine.get(url).content.decode()
    assert "AC-1: 1 and 2 give 3." in shown
    assert 'value="adder.py"' in shown
    sent = {
        "criteria": "AC-1: 1 and 2 give 3.\nAC-2: Nothing gives 0.\nWords are refused.",
        "interface-0": "add(numbers: list[float]) -> float",
        "path-new": "sum.py", "kind-new": "source", "purpose-new": "A constant", "interface-new": "TWO = 2",
    }  # fmt: skip
    assert mine.post(url, sent).status_code == 302
    run = executed(run)
    assert run.status == RunStatus.SUCCEEDED, run.reason
    coder = next(request for request in AskingModel.asked if request.purpose is Purpose.SOURCE).messages[1].text
    assert "AC-3: Words are refused." in coder
    assert "add(numbers: list[float]) -> float" in coder
    assert '"sum.py"' in coder
    newest = Checkpoint.objects.latest_good(run)
    assert newest is not None
    assert newest.artifacts.filter(path="sum.py").exists()
    assert run.checkpoints.filter(stage=StageName.STRUCTURE, status="succeeded").count() == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"remove-0": "1"}, "no file of the kind &#x27;source&#x27;"),
        ({"path-0": "../out.py"}, "out.py"),
        ({"path-new": "test_adder.py", "kind-new": "test", "purpose-new": "x"}, "test_adder.py is planned twice."),
        ({"test": ""}, "test: String should have at least 1 character"),
        ({"criteria": "AC-1: a\nAC-1: b"}, "Two criteria have the number AC-1."),
        ({"path-new": "a.py", "kind-new": "nothing", "purpose-new": "x"}, "kind"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_told_and_nothing_is_lost(
    mine: Client, sent: dict[str, str], sentence: str
) -> None:
    run = order(mine, approves="on")
    words = {"criteria": "AC-1: kept words", **sent, "purpose-1": "A purpose of mine"}
    response = mine.post(reverse("run-plan", args=[run.pk]), words)
    assert response.status_code == 422
    shown = response.content.decode()
    assert sentence in shown
    assert "A purpose of mine" in shown
    run.refresh_from_db()
    assert run.status == RunStatus.PAUSED


def test_answers_and_approvals_of_others_or_too_late_change_nothing(mine: Client) -> None:
    foreign = make_run(status=RunStatus.PAUSED)
    assert mine.post(reverse("run-answers", args=[foreign.pk]), {"answer": "x"}).status_code == 404
    assert mine.get(reverse("run-plan", args=[foreign.pk])).status_code == 404
    done = order(mine)
    assert mine.get(reverse("run-plan", args=[done.pk])).status_code == 302
    for act in (lambda: talking.answer(done, ["x"]), lambda: talking.approve(done)):
        with pytest.raises(LaunchError, match="Nothing is asked of you"):
            act()
