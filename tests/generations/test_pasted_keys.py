"""A key that somebody pastes into a text, a file or a plan by mistake is stored nowhere as a plain text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from agents.context import StageMeasures
from agents.plan import Criterion
from agents.types import SourceFile, StageName
from generations import editing, launch, talking
from generations.again import Wishes, run_again
from generations.errors import LaunchError
from generations.keys import set_key
from generations.masking import mask_known
from generations.models import Checkpoint, Run
from generations.talking import EditedPlan
from tests.canaries import shown
from tests.factories import claim, make_checkpoints, make_project, make_run, make_run_at_rest, make_state, newest_of
from tests.sinks import database_text

pytestmark = pytest.mark.django_db
KEY, OF_SITE = "q7Zt-somebodys-own-Key-4711", "w8Yk-of-the-whole-Site-0815"
THREE = (StageName.REQUIREMENTS, StageName.STRUCTURE, StageName.CODE)


@pytest.fixture
def owner(user: User) -> User:
    """Somebody with a key; there is one of the site, too. This process has used neither yet."""
    set_key(user, "custom", KEY)
    set_key(None, "openai", OF_SITE)
    assert mask_known(KEY + OF_SITE) in (KEY + OF_SITE, "***4711***0815")
    return user


def assert_nothing_is_stored() -> None:
    stored = database_text()
    assert len(stored) > 1_000
    for key in (KEY, OF_SITE):
        assert not shown(stored, key)


def test_in_a_description_a_name_and_a_change(owner: User) -> None:
    order = launch.RunOrder(prompt=f"Use {KEY} for it", name=OF_SITE, profile="offline")
    run = launch.start_run(owner, order, deliver=False)
    assert run.prompt == "Use ***4711 for it"
    assert run.project.name == "***0815"
    done = make_run_at_rest(*StageName, project=run.project)
    launch.follow_up(done, f"Now with {KEY}")
    assert_nothing_is_stored()


def test_in_a_file_edited_by_hand_and_in_its_name(owner: User) -> None:
    run = make_run_at_rest(*THREE, project=make_project(owner))
    checkpoint = newest_of(run, StageName.CODE)
    with pytest.raises(LaunchError, match=r"\*\*\*4711"):
        editing.save_file(checkpoint, f"docs/{KEY}.md", "text\n", "")
    editing.save_file(checkpoint, "docs/key.md", f"key = {KEY}\nother = {OF_SITE}\n", "")
    assert_nothing_is_stored()
    fork = run_again(run, checkpoint, Wishes.none(run))
    files = {file.path: file.text for file in claim(fork).last_state()[1]}
    assert files["docs/key.md"] == "key = ***4711\nother = ***0815\n"
    assert_nothing_is_stored()


def edited(run: Run) -> EditedPlan:
    state = make_state(run)
    requirements, plan = state.needed_requirements(), state.needed_plan()
    criteria = (*requirements.criteria, Criterion(id="AC-9", text=f"It takes {KEY} and {OF_SITE}"))
    return EditedPlan(requirements=requirements.model_copy(update={"criteria": criteria}), plan=plan)


def test_in_a_plan_edited_by_hand(owner: User) -> None:
    run = make_run_at_rest(*THREE, project=make_project(owner))
    checkpoint = newest_of(run, StageName.STRUCTURE)
    editing.save_plan(checkpoint, edited(run), 0)
    assert_nothing_is_stored()
    fork = run_again(run, checkpoint, Wishes.none(run))
    assert "It takes ***4711 and ***0815" in str(claim(fork).last_state()[0].needed_requirements())
    assert_nothing_is_stored()


def paused(owner: User, *stages: StageName, **fields: object) -> Run:
    journal = claim(make_run(make_project(owner), **fields))
    state = make_state(journal.run, questions=("Which numbers?",))
    for stage in stages:
        state = state.with_done(stage)
        journal.checkpoint(stage, state, (), StageMeasures(seconds=1.0))
    journal.finish("paused", [])
    return Run.objects.get(pk=journal.run.pk)


def test_in_a_plan_changed_before_it_was_approved(owner: User) -> None:
    run = paused(owner, StageName.REQUIREMENTS, StageName.STRUCTURE, settings={"approves": True})
    talking.approve(run, edited(run))
    newest = run.checkpoints.latest("number")
    assert "It takes ***4711 and ***0815" in str(newest.state)
    assert_nothing_is_stored()


def test_in_an_answer(owner: User) -> None:
    run = paused(owner, StageName.REQUIREMENTS, settings={"asks": True})
    talking.answer(run, [f"Those of {KEY}"])
    run.refresh_from_db()
    assert run.settings["answers"] == [["Which numbers?", "Those of ***4711"]]
    assert_nothing_is_stored()


@pytest.mark.parametrize("way", ["again", "approved"])
def test_in_a_checkpoint_from_before_it_was_a_key(way: str, owner: User, settings: Settings) -> None:
    later = f"t5-{way}-not-a-Key-until-later-2222"
    files = (SourceFile("old.py", f"text = '{later}'\n".encode()),)
    run = _stored_before(owner, files, way)
    set_key(owner, "qwen", later)
    if way == "approved":
        talking.approve(run, replaced := edited(run))
        assert replaced
    else:
        run = run_again(run, newest_of(run, StageName.CODE), replace(Wishes.none(run), max_tokens=99))
    rows = Checkpoint.objects.filter(run=run).latest("number").artifacts.select_related("blob")
    assert [row.source_file().text for row in rows if row.path == "old.py"] == ["text = '***2222'\n"]


def _stored_before(owner: User, files: tuple[SourceFile, ...], way: str) -> Run:
    journal = claim(make_run(make_project(owner), settings={"approves": way == "approved"}))
    stages = THREE[:2] if way == "approved" else THREE
    make_checkpoints(journal, *stages, files=files)
    journal.finish("paused" if way == "approved" else "failed", [])
    return Run.objects.select_related("project__owner").get(pk=journal.run.pk)
