"""Whether the site is ready is told cheaply, to strangers without details, and to administrators with what to do."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from generations.health import board as boards
from generations.health import parts
from generations.health.board import Board, board
from generations.health.page import health_context
from generations.health.parts import Part
from generations.models import Mark, Run, RunStatus, WorkerGroup
from generations.recovery import recover_lost_runs
from generations.sandbox_notice import sandbox_problem
from tests.chroma_server import ChromaServer
from tests.factories import make_project, make_run, make_user

ABLE = {"name": "docker", "available": True, "detail": "Docker engine 99.", "remedy": "", "tested": None}
UNABLE = {"name": "docker", "available": False, "detail": "No engine answers.", "remedy": "Start it.", "tested": None}


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(boards, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(boards, "WAIT_SECONDS", 60.0)
    board.cache_clear()
    cache.clear()
    yield
    cache.clear()


def group(answered: float | None = 1.0, report: dict[str, Any] = ABLE, **fields: Any) -> WorkerGroup:
    """A worker group that was heard of just now and answered some seconds ago."""
    now = timezone.now()
    return WorkerGroup.objects.create(
        name=f"machine/1/{WorkerGroup.objects.count()}/1",
        workers=2,
        started_at=now,
        answered_at=None if answered is None else now - timedelta(seconds=answered),
        sandbox={"reports": [{**report, "differences": ["It has no image of its own."]}], "missing": ["go"]},
        **{"seen_at": now, **fields},
    )


def test_the_site_is_ready_when_every_part_is(
    transactional_db: None, client: Client, settings: Settings, tmp_path: Path
) -> None:
    server = ChromaServer(tmp_path)
    settings.CHROMA_URL, settings.FREE_DISK_MB = server.url, 1
    group()
    try:
        patience = time.monotonic() + 240
        while (answer := client.get(reverse("readyz"))).status_code != 200 and time.monotonic() < patience:
            time.sleep(0.1)
        assert answer.status_code == 200
        names = ("database", "queue", "sandbox", "vectors", "disk")
        assert answer.json() == {"ready": True, "parts": {name: {"ok": True} for name in names}}
    finally:
        server.kill()
    after = client.get(reverse("readyz"))
    assert after.status_code == 503
    assert [name for name, told in after.json()["parts"].items() if not told["ok"]] == ["vectors"]


def test_only_administrators_are_told_details(
    transactional_db: None, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    group(report=UNABLE)
    for stranger in (client, signed_in(is_staff=False)):
        answer = stranger.get(reverse("readyz"))
        assert answer.status_code == 503
        assert answer["Cache-Control"].find("no-store") >= 0
        assert {tuple(told) for told in answer.json()["parts"].values()} == {("ok",)}
    assert not [line for line in caplog.messages if "/readyz" in line]
    told = signed_in(is_staff=True).get(reverse("readyz")).json()["parts"]["sandbox"]
    assert told == {"ok": False, "detail": "docker: No engine answers.", "remedy": "Start it. Runs wait until then."}


def signed_in(*, is_staff: bool) -> Client:
    browser = Client()
    browser.force_login(make_user(is_staff=is_staff))
    return browser


def test_a_database_that_takes_no_write_is_told_while_it_lasts(
    transactional_db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of the mark is held, and on SQLite the whole database."""
    monkeypatch.setattr(boards, "WAIT_SECONDS", 1.0)
    Mark.objects.create(name="health", at=timezone.now())
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Mark.objects.filter(name="health").update(at=timezone.now())
            held.set()
            release.wait(120)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    try:
        for _ in range(2):
            answer = client.get(reverse("readyz"))
            assert (answer.status_code, answer.json()["parts"]["database"]) == (503, {"ok": False})
        asking = [thread for thread in threading.enumerate() if thread.name == "health of database"]
        assert len(asking) == 1
        context = health_context()
        assert context["database_away"]
        assert context["parts"][0].part.detail == "It has not answered within 1 s."  # type: ignore[index]
    finally:
        release.set()
        holder.join()
        for thread in threading.enumerate():
            if thread.name.startswith("health of"):
                thread.join()
    assert client.get(reverse("readyz")).json()["parts"]["database"] == {"ok": True}


@pytest.mark.parametrize(
    ("groups", "ok"),
    [
        ([], False),
        ([{"answered": None}], False),
        ([{"answered": 80}], True),
        ([{"answered": 100}], False),
        ([{"answered": 100, "busy": 2}], True),
        ([{"answered": 100, "busy": 1}], False),
        ([{"answered": 100}, {"answered": 5}], True),
        ([{"answered": 5, "draining": True}], False),
        ([{"answered": 5, "seen_at": timezone.now() - timedelta(minutes=2)}], False),
    ],
)
@pytest.mark.django_db
def test_the_queue_is_fine_while_a_worker_answers_or_all_are_busy(groups: list[dict[str, Any]], *, ok: bool) -> None:
    for fields in groups:
        group(**fields)
    assert parts.queue().ok is ok


@pytest.mark.django_db
def test_little_room_on_the_disk_is_told(settings: Settings) -> None:
    settings.FREE_DISK_MB = 1
    assert parts.disk().ok
    settings.FREE_DISK_MB = 10**9
    full = parts.disk()
    assert not full.ok
    assert full.detail.endswith("are free where the site's data are. FREE_DISK_MB asks for 953.7 TB.")


@pytest.mark.django_db
def test_a_round_of_the_reaper_is_a_sign_of_life() -> None:
    assert not parts.reaper().ok
    recover_lost_runs()
    assert parts.reaper().ok
    Mark.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert not parts.reaper().ok


def test_a_dead_part_holds_nobody_up_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "WAIT_SECONDS", 0.2)
    release, asked = threading.Event(), []

    def dead() -> Part:
        asked.append(1)
        release.wait(60)
        return Part(ok=True, detail="Here again.")

    one = Board({"dead": dead, "alive": lambda: Part(ok=True, detail="Here.")})
    patience = time.monotonic() + 240
    while not (read := one.read())["alive"].ok or len(asked) < 1:
        assert time.monotonic() < patience
    for _ in range(3):
        assert not one.read()["dead"].ok
    assert not read["dead"].ok
    assert len(asked) == 1
    release.set()
    patience = time.monotonic() + 240
    while not one.read()["dead"].ok:
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_the_log_tells_changes_once(caplog: pytest.LogCaptureFixture) -> None:
    works = [True]
    one = Board({"part": lambda: Part(ok=works[0], detail="So it is.")})
    for state in (True, False, False, True, True):
        works[0] = state
        one.read()
    assert caplog.messages == ["part does not work. So it is.", "part works again. So it is."]


def test_many_who_ask_get_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "FRESH_SECONDS", 600.0)
    asked: list[int] = []

    def part() -> Part:
        asked.append(1)
        return Part(ok=True, detail="")

    one = Board({"part": part})
    threads = [threading.Thread(target=one.read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1


def test_the_page_says_what_to_do(transactional_db: None, settings: Settings) -> None:
    settings.FREE_DISK_MB = 10**9
    group(answered=None, report=UNABLE)
    project = make_project()
    make_run(project, RunStatus.QUEUED)
    for waits_for in ("rate", "rate", "sandbox"):
        make_run(project, RunStatus.WAITING, waits_for=waits_for)
    late = make_run(project, RunStatus.RUNNING)
    Run.objects.filter(pk=late.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    Mark.objects.create(name="backup", at=timezone.now() - timedelta(days=3))
    page = text_of(signed_in(is_staff=True).get(reverse("health")).content.decode())
    for sentence in (
        "Not ready",
        "What to do: Start it. Runs wait until then.",
        "What to do: See the worker's log;",
        "What to do: Make room:",
        "It has never gone round. What to do: 'python3 manage.py recover_runs --forever' starts it",
        "No programs yet for Go",
        "python3 manage.py build_images go",
        "It has no image of its own.",
        "2 runs waiting for the limit of a key",
        "1 run waiting for a sandbox",
        "Stale leases 1",
        "Last backup 3 days ago",
        "0 of 2 not yet",
    ):
        assert sentence in page, page


def text_of(html: str) -> str:
    words = re.sub("<[^>]+>", " ", html).replace("&#x27;", "'").replace("\xa0", " ")
    return " ".join(words.split())


def test_the_page_is_for_administrators_who_find_it_in_their_menus(transactional_db: None, client: Client) -> None:
    page = reverse("health")
    assert client.get(page).status_code == 302
    assert signed_in(is_staff=False).get(page).status_code == 404
    assert page not in signed_in(is_staff=False).get(reverse("home")).content.decode()
    staff = signed_in(is_staff=True)
    for place in ("home", "admin:index"):
        assert f'href="{page}"' in staff.get(reverse(place)).content.decode()


@pytest.mark.django_db
def test_pages_believe_the_workers_about_the_sandbox(settings: Settings) -> None:
    settings.SANDBOX, settings.SANDBOX_RUNTIME = "docker", "none-such"
    group()
    assert sandbox_problem() == ""
    WorkerGroup.objects.all().delete()
    cache.clear()
    group(report=UNABLE)
    assert "No engine answers. Start it." in sandbox_problem()


AGES: list[tuple[float, str]] = [(0.2, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute")]


@pytest.mark.parametrize(("seconds", "told"), [*AGES, (7_300, "2 hours"), (90_000, "1 day")])
def test_ages_are_told_in_the_largest_unit(seconds: float, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(parts.timezone, "now", lambda: now)
    assert parts.ago(now - timedelta(seconds=seconds)) == f"{told} ago"
