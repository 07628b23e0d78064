"""The offline provider answers every purpose in the format that a model must use."""

from __future__ import annotations

import json

import pytest

from agents.errors import NotUnderstood, Stopped
from agents.plan import Plan, Requirements
from agents.providers.base import Reply, Request
from agents.providers.offline.provider import OfflineProvider
from agents.replies import parse_files
from agents.strict_json import read_json
from agents.types import MODE_EXECUTABLE, Purpose, Role

TODO = "A todo list REST API with title, due date and done flag, filter by done"
NONCE = "0a1b2c3d"


def ask(purpose: Purpose, **data: str) -> Reply:
    """The provider's reply to one request about the todo list."""
    given = {"description": TODO, "name": "", "language": "", "nonce": NONCE, **data}
    request = Request(Role.CODER, purpose, "blueprints", (), 1000, data=given)
    return OfflineProvider().complete(request, stop=lambda: False)


@pytest.fixture
def plan() -> Plan:
    """The plan that the provider makes for the todo list."""
    return Plan.model_validate(read_json(ask(Purpose.PLAN).text))


def files_of(plan: Plan) -> dict[str, str]:
    """Every file of the plan as the provider writes it."""
    reply = ask(Purpose.SOURCE, paths=json.dumps([file.path for file in plan.files]))
    return {file.path: file.text for file in parse_files(reply.text, NONCE).files}


def test_requirements_are_valid_and_name_and_language_can_be_given() -> None:
    found = Requirements.model_validate(read_json(ask(Purpose.REQUIREMENTS, name="Remember", language="python").text))
    assert (found.name, found.language) == ("Remember", "python")
    assert any("done" in criterion.text for criterion in found.criteria)


def test_no_tokens_and_no_money_are_used() -> None:
    reply = ask(Purpose.REQUIREMENTS)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cost_usd) == (0, 0, 0.0)
    assert reply.finish == "stop"
    assert not OfflineProvider.uses_ai


@pytest.mark.parametrize("purpose", [Purpose.SOURCE, Purpose.EXTRAS, Purpose.TESTS])
def test_asked_files_come_whole_with_their_modes(purpose: Purpose, plan: Plan) -> None:
    paths = ["app/__init__.py", "start.sh", "tests/test_todos.py"]
    reply = parse_files(ask(purpose, paths=json.dumps(paths)).text, NONCE)
    assert [file.path for file in reply.files] == paths
    assert reply.unclosed == ""
    assert reply.files[1].mode == MODE_EXECUTABLE
    assert reply.files[2].text.endswith("\n")


def test_settled_name_is_kept_in_the_files() -> None:
    settled = ask(Purpose.REQUIREMENTS, name="Remember").text
    requirements = json.dumps(read_json(settled))
    reply = ask(Purpose.SOURCE, requirements=requirements, paths='["app/main.py"]')
    assert 'title="Remember"' in reply.text


def test_file_outside_of_the_plan_is_not_invented() -> None:
    with pytest.raises(NotUnderstood, match=r"app/payments\.py"):
        ask(Purpose.SOURCE, paths='["app/payments.py"]')


def test_unknown_kind_is_not_understood() -> None:
    with pytest.raises(NotUnderstood, match="knows these kinds"):
        ask(Purpose.REQUIREMENTS, description="An Android game")


def test_validation_rests_on_the_files_that_are_shown(plan: Plan) -> None:
    files = files_of(plan)
    criteria = json.dumps([{"id": "AC-1", "text": "x"}])
    good = read_json(ask(Purpose.VALIDATION, files=json.dumps(files), criteria=criteria).text)
    assert good["confidence"] == 1.0
    assert good["criteria_met"] == {"AC-1": True}
    files["app/main.py"] = "broken"
    bad = read_json(ask(Purpose.VALIDATION, files=json.dumps(files), criteria=criteria).text)
    assert 0 < bad["confidence"] < 1
    assert bad["criteria_met"] == {"AC-1": False}
    assert "app/main.py" in bad["reason"]
    assert read_json(ask(Purpose.VALIDATION, criteria=criteria).text)["confidence"] == 0.0


def test_repair_restores_what_differs(plan: Plan) -> None:
    files = files_of(plan)
    right = files["app/main.py"]
    files["app/main.py"] = "broken"
    reply = ask(Purpose.REPAIR, files=json.dumps(files))
    restored = parse_files(reply.text, NONCE).files
    assert {file.path: file.text for file in restored} == {"app/main.py": right}
    assert "app/main.py" in read_json(reply.text)["explanation"]


def test_repair_without_a_difference_says_so(plan: Plan) -> None:
    reply = ask(Purpose.REPAIR, files=json.dumps(files_of(plan)))
    assert parse_files(reply.text, NONCE).files == ()
    assert "no AI" in read_json(reply.text)["explanation"]
    assert read_json(reply.text)["suggestions"]


def test_image_is_answered_with_the_truth() -> None:
    assert "cannot look at images" in ask(Purpose.IMAGE).text


def test_every_purpose_is_answered() -> None:
    for purpose in set(Purpose) - {Purpose.PROBE}:
        assert ask(purpose).text or purpose in (Purpose.SOURCE, Purpose.EXTRAS, Purpose.TESTS)


def test_stop_is_heard() -> None:
    request = Request(Role.CODER, Purpose.PLAN, "blueprints", (), 1000, data={"description": TODO})
    with pytest.raises(Stopped):
        OfflineProvider().complete(request, stop=lambda: True)
