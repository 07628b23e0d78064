"""The websocket: who may listen, and that a page misses nothing and sees nothing twice."""

from __future__ import annotations

import re
import uuid

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from agents.events import Activity, LogLine, RunEnded, StageStarted
from autocoder_site.protocols import application
from generations.events import append_events
from generations.fragments import update_since
from generations.models import Run
from generations.previewing.passes import origin_of
from tests.factories import make_project, make_run, make_user

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = "http://localhost:8000"


@pytest.fixture
def run(user: User) -> Run:
    """A run with three lines in its log."""
    made = make_run(make_project(user))
    append_events(made.pk, [LogLine(stage="", text=f"line {number}") for number in (1, 2, 3)])
    return made


def communicator(user: User | None, run_id: uuid.UUID, query: str = "", origin: str = ORIGIN) -> WebsocketCommunicator:
    """A browser's socket: with the session's cookie and the page's origin."""
    client = Client()
    if user is not None:
        client.force_login(user)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = [(b"origin", origin.encode()), (b"cookie", cookie.encode())]
    return WebsocketCommunicator(application, f"/ws/runs/{run_id}/{query}", headers=headers)


def accepted(socket: WebsocketCommunicator) -> bool:
    """Whether a connection is taken."""

    async def connect() -> bool:
        connected, _ = await socket.connect(timeout=240)
        await socket.disconnect()
        return connected

    return async_to_sync(connect)()


def numbers(html: str) -> list[int]:
    """The numbers of the log lines in a message."""
    return [int(number) for number in re.findall(r'class="line[^"]*" data-seq="(\d+)"', html)]


def test_only_the_owner_of_a_run_may_listen_and_only_from_our_pages(user: User, run: Run, settings: Settings) -> None:
    assert ORIGIN in settings.SITE_ORIGINS
    assert accepted(communicator(user, run.pk))
    assert not accepted(communicator(None, run.pk))
    assert not accepted(communicator(make_user(), run.pk))
    assert not accepted(communicator(user, uuid.uuid4()))
    assert not accepted(communicator(user, run.pk, origin="http://evil.example"))
    assert not accepted(communicator(user, run.pk, origin="http://localhost:8001"))
    # The page of an opened application.
    assert not accepted(communicator(user, run.pk, origin=origin_of("0" * 32)))
    user.is_active = False
    user.save()
    assert not accepted(communicator(user, run.pk))


def test_what_came_after_the_known_event_comes_once_and_in_order(user: User, run: Run) -> None:
    socket = communicator(user, run.pk, "?after=1")

    async def listen() -> list[int]:
        await socket.connect(timeout=240)
        seen = numbers(await socket.receive_from(timeout=240))
        for start in (4, 6):
            lines = [LogLine(stage="", text=f"line {number}") for number in (start, start + 1)]
            await sync_to_async(append_events)(run.pk, lines)
            seen += numbers(await socket.receive_from(timeout=240))
        await socket.disconnect()
        return seen

    assert async_to_sync(listen)() == [2, 3, 4, 5, 6, 7]


def test_a_message_renews_what_changed_and_nothing_else(run: Run) -> None:
    _, known = update_since(run, 0)
    append_events(run.pk, [StageStarted(stage="code", role="coder"), Activity(stage="code", text="Writing <b>")])
    html, last = update_since(run, known)
    assert last == known + 2
    for name in ("summary", "now", "rail"):
        assert f'id="{name}"' in html
    assert 'id="files"' not in html
    assert "Writing &lt;b&gt;" in html
    assert f'id="last-seq" data-seq="{last}"' in html
    assert update_since(run, last) == ("", last)
    append_events(run.pk, [RunEnded(status="failed", reason="x")])
    assert 'id="files"' in update_since(run, last)[0]


def test_the_page_without_a_socket_gets_the_same(client: Client, user: User, run: Run) -> None:
    client.force_login(user)
    url = f"/runs/{run.pk}/live/"
    assert numbers(client.get(f"{url}?after=1").content.decode()) == [2, 3]
    assert client.get(f"{url}?after=3").content == b""
    assert numbers(client.get(f"{url}?after=nonsense").content.decode()) == [1, 2, 3]


def test_a_page_that_talks_is_cut_off(user: User, run: Run) -> None:
    socket = communicator(user, run.pk, "?after=3")

    async def flood() -> int:
        await socket.connect(timeout=240)
        for _ in range(30):
            await socket.send_to(text_data="x")
        closed = await socket.receive_output(timeout=240)
        await socket.wait()
        return int(closed["code"])

    assert async_to_sync(flood)() == 1008
