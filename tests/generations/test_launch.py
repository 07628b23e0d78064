"""What a person can ask of a run."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from agents.context import StageMeasures
from agents.evidence import Outcome, Verdict
from agents.types import StageName
from generations import launch
from generations.deleting import delete_project
from generations.images import MAX_IMAGE_BYTES
from generations.launch import LaunchError, RunOrder, UploadedImage, start_run
from generations.models import Blob, Checkpoint, Project, Run, RunEvent, RunImage, RunStatus
from generations.models.run import ENDED
from tests.factories import claim, make_checkpoints, make_project, make_run, make_state, make_user

PROMPT = "Create a REST API for weather forecasts"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.django_db(transaction=True)
def test_starting_stores_project_run_event_and_wakes_a_worker() -> None:
    owner = make_user()
    run = start_run(owner, RunOrder(prompt=f"  {PROMPT}\r\n", budget_usd=Decimal("1.50"), max_tokens=1000))
    run.refresh_from_db()
    assert (run.project.owner, run.project.name, run.number, run.status) == (owner, PROMPT, 1, RunStatus.QUEUED)
    assert (run.prompt, run.provider_profile) == (PROMPT, "offline")
    assert run.settings == {"name": "", "language": "", "budget_usd": "1.50", "max_tokens": 1000}
    assert list(RunEvent.objects.values_list("seq", "kind")) == [(1, "log_line")]
    assert [message.task["func"] for message in OrmQ.objects.all()] == ["generations.tasks.execute_next"]


@pytest.mark.django_db(transaction=True)
def test_no_message_is_sent_for_callers_that_execute_themselves() -> None:
    start_run(make_user(), RunOrder(prompt=PROMPT), deliver=False)
    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_submission_twenty_times_at_once_is_one_run() -> None:
    owner, submission = make_user(), uuid.uuid4()

    def submit(_n: int) -> uuid.UUID:
        try:
            return start_run(owner, RunOrder(prompt=PROMPT, submission=submission)).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(submit, range(20)))) == 1
    assert (Run.objects.count(), Project.objects.count(), OrmQ.objects.count()) == (1, 1, 1)


@pytest.mark.django_db
def test_a_submission_of_somebody_else_is_refused() -> None:
    submission = uuid.uuid4()
    start_run(make_user(), RunOrder(prompt=PROMPT, submission=submission))
    with pytest.raises(LaunchError):
        start_run(make_user(), RunOrder(prompt=PROMPT, submission=submission))


REFUSED = [
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n\t "}, "prompt"),
    ({"prompt": "\u200b\u200d\ufeff"}, "prompt"),
    ({"prompt": "x" * 100_001}, "prompt"),
    ({"prompt": "é" * 60_000}, "prompt"),
    ({"name": "x" * 81}, "name"),
    ({"language": "cobol"}, "language"),
    ({"profile": "nowhere"}, "profile"),
    ({"profile": "custom"}, "profile"),
    ({"budget_usd": Decimal(0)}, "budget_usd"),
    ({"budget_usd": Decimal(-1)}, "budget_usd"),
    ({"budget_usd": Decimal("NaN")}, "budget_usd"),
    ({"budget_usd": Decimal("Infinity")}, "budget_usd"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"images": (UploadedImage("a.svg", b"<svg/>"),)}, "images"),
    ({"images": (UploadedImage("a.png", PNG),) * 7}, "images"),
    ({"images": (UploadedImage("a.png", PNG + b"\0" * MAX_IMAGE_BYTES),)}, "images"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("fields", "field"), REFUSED)
def test_a_wrong_order_names_its_field_and_stores_nothing(fields: dict[str, object], field: str, user: User) -> None:
    with pytest.raises(LaunchError) as caught:
        start_run(user, RunOrder(**({"prompt": PROMPT} | fields)))
    assert caught.value.field == field
    assert not Project.objects.exists()
    assert not Blob.objects.exists()


@pytest.mark.django_db
def test_limits_themselves_are_taken(user: User) -> None:
    run = start_run(user, RunOrder(prompt="x" * 100_000, name="n" * 80, budget_usd=Decimal(1000), max_tokens=1))
    assert len(run.prompt) == 100_000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a\x00b", "ab"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u202eb", "ab"),
        ("cafe\u0301", "café"),
        ("a\ud800b", "ab"),
        ("{{7*7}} %s $(id) '; DROP", "{{7*7}} %s $(id) '; DROP"),
        ("👩\u200d💻 app", "👩\u200d💻 app"),
    ],
)
def test_text_is_stored_clean_and_otherwise_as_typed(typed: str, stored: str, user: User) -> None:
    run = start_run(user, RunOrder(prompt=typed))
    assert Run.objects.get(pk=run.pk).prompt == stored


@pytest.mark.django_db
def test_two_projects_of_one_name_have_their_own_slugs(user: User) -> None:
    slugs = [start_run(user, RunOrder(prompt=PROMPT, name="Weather")).project.slug for _ in range(3)]
    assert slugs == ["weather", "weather-2", "weather-3"]


@pytest.mark.django_db
def test_a_project_of_somebody_else_cannot_be_used(user: User) -> None:
    with pytest.raises(LaunchError):
        start_run(user, RunOrder(prompt=PROMPT, project=make_project()))


@pytest.mark.django_db
def test_a_retry_is_the_same_order_again(user: User) -> None:
    order = RunOrder(
        prompt=PROMPT, name="W", budget_usd=Decimal("2.5"), max_tokens=9, images=(UploadedImage("a.png", PNG),)
    )
    first = start_run(user, order)
    second = launch.retry_run(first)
    assert (second.project, second.number, second.parent) == (first.project, 2, first)
    assert (second.prompt, second.settings) == (first.prompt, first.settings)
    assert RunImage.objects.filter(run=second).count() == 1


@pytest.mark.django_db
def test_a_follow_up_holds_the_earlier_description_and_the_change(user: User) -> None:
    first = launch.request_stop(start_run(user, RunOrder(prompt=PROMPT)))
    second = launch.request_stop(launch.follow_up(first, "Add humidity"))
    third = launch.follow_up(second, "And wind")
    with pytest.raises(LaunchError, match="still going on"):
        launch.follow_up(third, "And rain")
    assert (second.project, second.parent, second.number) == (first.project, first, 2)
    assert second.prompt.startswith(PROMPT)
    assert second.prompt.endswith("Add humidity")
    assert third.prompt.startswith(second.prompt)
    with pytest.raises(LaunchError):
        launch.follow_up(first, "  ")


@pytest.mark.django_db
@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.WAITING, RunStatus.PAUSED])
def test_a_run_that_nobody_works_on_stops_at_once(status: str) -> None:
    run = launch.request_stop(make_run(status=status))
    assert run.status == RunStatus.STOPPED
    assert run.finished_at is not None
    launch.request_stop(run)
    assert [row.kind for row in RunEvent.objects.filter(run=run)] == ["run_ended"]


@pytest.mark.django_db
def test_a_running_run_is_asked_to_stop_once() -> None:
    run = launch.request_stop(make_run(status=RunStatus.RUNNING))
    asked = run.stop_requested_at
    assert (run.status, asked is None) == (RunStatus.RUNNING, False)
    assert launch.request_stop(run).stop_requested_at == asked


@pytest.mark.django_db
@pytest.mark.parametrize("status", ENDED)
def test_stopping_an_ended_run_changes_nothing(status: str) -> None:
    run = make_run(status=status)
    before = Run.objects.values().get(pk=run.pk)
    launch.request_stop(run)
    assert Run.objects.values().get(pk=run.pk) == before


@pytest.mark.django_db
@pytest.mark.parametrize("status", [RunStatus.PAUSED, RunStatus.UNVERIFIED, RunStatus.FAILED, RunStatus.STOPPED])
def test_resuming_queues_the_run_again(
    status: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    run = make_run(status=status, attempts=3, reason="why", stop_requested_at="2026-01-01T00:00Z", fence=4)
    with django_capture_on_commit_callbacks() as callbacks:
        run = launch.resume_run(run)
    assert (run.status, run.attempts, run.stop_requested_at, run.finished_at) == (RunStatus.QUEUED, 0, None, None)
    assert len(callbacks) == 1
    assert claim(run).run.fence == 5


@pytest.mark.django_db
@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING, RunStatus.SUCCEEDED])
def test_a_run_that_goes_on_or_succeeded_is_not_resumed(status: str) -> None:
    run = make_run(status=status)
    with pytest.raises(LaunchError):
        launch.resume_run(run)
    assert Run.objects.get(pk=run.pk).status == status


@pytest.mark.django_db
def test_resuming_a_run_that_was_judged_executes_it_again() -> None:
    journal = claim(make_run())
    before = make_checkpoints(journal, StageName.FORMATTING)
    verdict = Verdict(outcome=Outcome.FAILED, reason="1 test failed.")
    judged = make_state(journal.run, *before.done, StageName.EXECUTION, verdict=verdict)
    journal.checkpoint(StageName.EXECUTION, judged, (), StageMeasures(seconds=1))
    journal.finish(RunStatus.FAILED, [])
    run = launch.resume_run(Run.objects.get(pk=journal.run.pk))
    state, _ = claim(run).last_state()
    assert state.done == (StageName.FORMATTING,)
    assert state.verdict is None
    assert list(Checkpoint.objects.values_list("status", flat=True)) == ["succeeded", "superseded"]


@pytest.mark.django_db
def test_deleting_a_project_leaves_nothing_of_it_but_what_others_share() -> None:
    kept, gone = claim(make_run()), claim(make_run())
    make_checkpoints(kept, StageName.CODE)
    make_checkpoints(gone, StageName.CODE, StageName.EXTRAS)
    assert Blob.objects.count() == 2
    delete_project(gone.run.project)
    assert Blob.objects.count() == 1
    assert list(Run.objects.all()) == [kept.run]
    assert RunEvent.objects.filter(run=gone.run.pk).count() == 0
