"""Stop and pause take effect wherever a run is, and what was made until then is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from generations import launch, tasks
from generations.models import Run, RunEvent, RunStatus
from generations.order import RunOrder
from generations.recovery import recover_lost_runs
from generations.wiring import site_sandbox
from tests.agents.providers.endpoint import Endpoint, Talk, chunk, event
from tests.factories import make_project, make_run
from tests.halting_models import AbreastModel, DeafModel

PATIENCE = 300.0
Halt = Callable[[Run], Run]
HALTS = [(launch.request_stop, RunStatus.STOPPED), (launch.request_pause, RunStatus.PAUSED)]


@contextmanager
def worker(run: Run) -> Iterator[threading.Thread]:
    """A worker that executes this run in a thread of the test."""

    def work() -> None:
        try:
            tasks.execute_run(str(run.pk))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        DeafModel.released.set()
        launch.request_stop(run)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_for(run: Run, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        run.refresh_from_db()
        told = [str(row.payload) for row in RunEvent.objects.filter(run=run).order_by("-seq")[:5]]
        assert time.monotonic() < until, f"{run.status} {run.reason} {told}"
        time.sleep(0.05)


def rests(run: Run) -> bool:
    run.refresh_from_db()
    return run.ended or run.status == RunStatus.PAUSED


def ordered(user: User, profile: str) -> Run:
    return launch.start_run(user, RunOrder(prompt="Add numbers", profile=profile), deliver=False)


def assert_at_rest(run: Run, status: str) -> None:
    """The run is where it was sent, its end is the last that happened, and no sandbox is left."""
    run.refresh_from_db()
    assert run.status == status, run.reason
    assert (run.lease_owner, run.lease_expires_at) == ("", None)
    events = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("kind", flat=True))
    assert events[-1] == "run_ended"
    assert events.count("run_ended") == 1
    assert site_sandbox().remove_orphans(set()) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
@pytest.mark.parametrize(("halt", "status"), HALTS)
@pytest.mark.parametrize("drips", [False, True])
def test_in_the_middle_of_a_model_call(halt: Halt, status: str, drips: bool, user: User, settings: Settings) -> None:
    def answer(talk: Talk) -> None:
        if drips:
            talk.head()
            while not talk.over.wait(0.2):
                talk.send(event(chunk("word ")))
        talk.wait(PATIENCE)

    endpoint = Endpoint()
    endpoint.script = answer
    settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = endpoint.url, "m-1"
    run = ordered(user, "custom")
    with worker(run) as thread:
        wait_for(run, lambda: bool(endpoint.talks))
        halt(run)
        wait_for(run, lambda: rests(run))
        thread.join(PATIENCE)
        assert_at_rest(run, status)
    assert len(endpoint.talks) == 1
    endpoint.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
@pytest.mark.parametrize(("halt", "status"), HALTS)
def test_inside_a_command_in_the_container(halt: Halt, status: str, user: User, settings: Settings) -> None:
    settings.SCRIPTED_PROVIDER = "tests.halting_models.SleepingApplication"
    settings.SANDBOX = "docker"
    run = ordered(user, "scripted")
    with worker(run) as thread:
        wait_for(run, lambda: run.events.filter(payload__text="I sleep now").exists())
        halt(run)
        wait_for(run, lambda: rests(run))
        thread.join(PATIENCE)
        assert_at_rest(run, status)
    stages = list(run.checkpoints.filter(status="succeeded").values_list("stage", flat=True))
    assert stages[-1] == "formatting"


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
@pytest.mark.parametrize(("halt", "status"), HALTS)
def test_while_packages_are_fetched(
    halt: Halt, status: str, user: User, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Endpoint()
    index.script = lambda talk: bool(talk.wait(PATIENCE)) and None
    monkeypatch.setenv("UV_INDEX_URL", index.url)
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    settings.PACKAGE_CACHE = tmp_path / "packages"
    settings.SCRIPTED_PROVIDER = "tests.halting_models.SleepingApplication"
    run = ordered(user, "scripted")
    with worker(run) as thread:
        wait_for(run, lambda: bool(index.talks))
        halt(run)
        wait_for(run, lambda: rests(run))
        thread.join(PATIENCE)
        assert_at_rest(run, status)
    index.close()
    # What the stage had written until then is kept, and marked as what it is.
    partial = run.checkpoints.latest("number")
    assert (partial.stage, partial.status) == ("extras", "partial")
    assert "Dockerfile" in partial.artifacts.values_list("path", flat=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
@pytest.mark.parametrize(("halt", "status"), HALTS)
def test_while_files_are_written_side_by_side(
    halt: Halt, status: str, user: User, settings: Settings, client: Client
) -> None:
    settings.SCRIPTED_PROVIDER = "tests.halting_models.AbreastModel"
    AbreastModel.waiting.clear()
    run = ordered(user, "scripted")
    with worker(run) as thread:
        wait_for(run, lambda: len(AbreastModel.waiting) == 4 and run.events.filter(kind="file_written").exists())
        halt(run)
        wait_for(run, lambda: rests(run))
        thread.join(PATIENCE)
        assert_at_rest(run, status)
    partial = run.checkpoints.latest("number")
    assert (partial.stage, partial.status) == ("code", "partial")
    assert list(partial.artifacts.values_list("path", flat=True)) == ["base.py"]
    client.force_login(user)
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "the stage 'code' was broken off" in page
    assert "base.py" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
@pytest.mark.parametrize(("halt", "status"), HALTS)
def test_work_that_does_not_listen_is_left_behind(halt: Halt, status: str, user: User, settings: Settings) -> None:
    settings.SCRIPTED_PROVIDER = "tests.halting_models.DeafModel"
    DeafModel.asked.clear()
    DeafModel.released.clear()
    run = ordered(user, "scripted")
    with worker(run) as thread:
        wait_for(run, DeafModel.asked.is_set)
        halt(run)
        wait_for(run, lambda: rests(run))
        assert thread.is_alive()
        DeafModel.released.set()
        thread.join(PATIENCE)
        # Nothing of what it does afterwards is taken.
        assert_at_rest(run, status)
    assert set(run.checkpoints.values_list("stage", flat=True)) <= {"requirements", "structure"}


@pytest.mark.django_db
@pytest.mark.parametrize("before", [RunStatus.QUEUED, RunStatus.WAITING])
def test_a_run_that_nobody_works_on_pauses_at_once_and_goes_on_when_it_is_told_to(before: str) -> None:
    run = launch.request_pause(make_run(status=before, not_before=timezone.now()))
    launch.request_pause(run)
    assert (run.status, run.reason) == (RunStatus.PAUSED, "Paused at your request; nothing is lost.")
    assert [row.kind for row in run.events.all()] == ["run_ended"]
    assert Run.objects.claim(run.pk, worker="w", lease=timedelta(minutes=1)) is None
    run = launch.resume_run(run)
    assert (run.status, run.pause_requested_at) == (RunStatus.QUEUED, None)


@pytest.mark.django_db
def test_a_pause_grants_no_more_to_spend() -> None:
    run = make_run(settings={"max_tokens": 50, "budget_usd": "1.5"})
    before = run.settings
    assert launch.resume_run(launch.request_pause(run)).settings == before


@pytest.mark.django_db
@pytest.mark.parametrize("lost", [RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.WAITING])
def test_a_pause_that_its_worker_never_saw_is_made_up_for(lost: str) -> None:
    now = timezone.now()
    fields = {"pause_requested_at": now, "lease_owner": "w", "lease_expires_at": now - timedelta(1)}
    run = make_run(status=lost, fence=1, **fields)
    recover_lost_runs()
    run.refresh_from_db()
    assert (run.status, run.lease_owner) == (RunStatus.PAUSED, "")


@pytest.mark.django_db
def test_a_stop_outdoes_a_pause() -> None:
    run = launch.request_pause(make_run(status=RunStatus.RUNNING, lease_expires_at=timezone.now()))
    launch.request_stop(run)
    recover_lost_runs()
    run.refresh_from_db()
    assert run.status == RunStatus.STOPPED
    assert launch.request_pause(run).status == RunStatus.STOPPED


@pytest.mark.django_db
def test_the_page_has_a_button_to_pause_and_one_to_go_on(client: Client, user: User) -> None:
    client.force_login(user)
    run = make_run(make_project(user))
    assert reverse("run-pause", args=[run.pk]) in client.get(reverse("run", args=[run.pk])).content.decode()
    page = client.post(reverse("run-pause", args=[run.pk]), follow=True).content.decode()
    assert "Paused at your request" in page
    assert reverse("run-pause", args=[run.pk]) not in page
    assert "Go on" in page
