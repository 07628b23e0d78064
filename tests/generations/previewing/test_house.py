"""A preview from the wish to its end: started, entered, stopped, and nothing left of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.fixtures import Settings

from agents.types import ProjectType
from generations import deleting
from generations.errors import LaunchError, TooMany
from generations.models import Preview, PreviewStatus
from generations.previewing import asking, passes, tenants
from generations.previewing.asking import start_preview, start_try, stop_previews
from generations.previewing.house import CLOSED, House
from generations.previewing.lost import LOST, end_lost_previews
from generations.recovery import recover_lost_runs, remove_orphaned_sandboxes
from generations.wiring import site_sandbox
from tests.factories import make_run, make_user
from tests.previewed import TOOL, application, make_delivered, open_house, served, wait_for, wait_until_gone

pytestmark = pytest.mark.django_db(transaction=True)


def visit(address: str, port: int, cookie: str = "") -> httpx.Response:
    """What a browser gets that was sent to an address of a preview."""
    url = httpx.URL(address)
    headers = {"Host": url.host, "Cookie": cookie}
    target = url.raw_path.decode()
    return httpx.get(f"http://127.0.0.1:{port}{target}", headers=headers, timeout=240)


@pytest.mark.sandbox
def test_an_application_is_opened_by_an_entry_that_is_good_once_and_ends_when_stopped(user: User) -> None:
    run, other = make_delivered(user), make_delivered(user)
    with open_house() as house, served(house) as port:
        preview = start_preview(user, run)
        assert passes.entry_address(preview) == ""
        wait_for(preview, PreviewStatus.RUNNING)
        # The reaper keeps its hands off.
        recover_lost_runs()
        remove_orphaned_sandboxes()
        assert (preview.host, 0) in site_sandbox().present()
        address = passes.entry_address(preview)
        entered = visit(address, port)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert visit(address, port).status_code == 404
        name, _, rest = entered.headers["set-cookie"].partition(";")
        assert {part.strip().partition("=")[0] for part in rest.split(";")} == {
            "HttpOnly",
            "Max-Age",
            "Path",
            "SameSite",
        }
        root = passes.origin_of(preview.host) + "/"
        assert visit(root, port, name).text == "<h1>Here</h1>"
        # What lets into one preview lets into no other one.
        neighbour = start_preview(user, other)
        wait_for(neighbour, PreviewStatus.RUNNING)
        foreign = passes.entry_address(preview).replace(preview.host, neighbour.host)
        assert visit(foreign, port).status_code == 404
        assert visit(passes.origin_of(neighbour.host), port, name).status_code == 404
        entry = passes.entry_address(preview)
        stop_previews(run)
        wait_until_gone(preview)
        for address, cookie in ((root, name), (entry, "")):
            assert visit(address, port, cookie).status_code == 404
        assert visit(passes.entry_address(neighbour), port).status_code == 303
        # A deleted run takes its preview along.
        deleting.delete_run(other)
        wait_until_gone(neighbour)
    assert site_sandbox().present() == set()


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("name", "reason"), [("IDLE_SECONDS", tenants.IDLE), ("LONGEST_SECONDS", tenants.LONGEST), ("", "exit code 3")]
)
def test_it_ends_by_itself(user: User, monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
    if name == "IDLE_SECONDS":
        # Long enough to start.
        monkeypatch.setattr(tenants.Tenant, "listening", lambda tenant: setattr(tenant, "used", -1000.0))
    elif name:
        monkeypatch.setattr(tenants, name, 0.0)
    built = application("print('no port today'); raise SystemExit(3)") if not name else application()
    with open_house():
        preview = start_preview(user, make_delivered(user, built))
        wait_for(preview, PreviewStatus.ENDED)
        assert reason in preview.reason
        assert ("no port today" in preview.reason) == (not name)
        wait_until_gone(preview)


@pytest.mark.sandbox
@pytest.mark.parametrize(("number", "reason"), [(signal.SIGKILL, LOST), (signal.SIGTERM, CLOSED)])
def test_nothing_is_left_of_a_process_that_ended(
    user: User, process_environment: dict[str, str], number: int, reason: str
) -> None:
    line = [sys.executable, "manage.py", "serve_previews", "--port", "0"]
    process = subprocess.Popen(line, env=process_environment)
    try:
        preview = start_preview(user, make_delivered(user))
        wait_for(preview, PreviewStatus.RUNNING)
        assert (preview.host, 0) in site_sandbox().present()
        remove_orphaned_sandboxes()
        assert (preview.host, 0) in site_sandbox().present()
        process.send_signal(number)
        process.wait(60)
        if number == signal.SIGKILL:
            remove_orphaned_sandboxes()
            recover_lost_runs()
        preview.refresh_from_db()
        assert (preview.status, preview.reason) == (PreviewStatus.ENDED, reason)
        assert site_sandbox().present() == set()
    finally:
        process.kill()
        process.wait()
        remove_orphaned_sandboxes()


def test_many_clicks_at_once_are_one_preview(user: User) -> None:
    run = make_delivered(user)

    def click(_number: int) -> object:
        try:
            return start_preview(user, run).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as clicks:
        assert len(set(clicks.map(click, range(20)))) == 1
    assert Preview.objects.live().count() == 1


def test_places_and_starts_are_counted(user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PREVIEWS_PER_USER, settings.PREVIEWS = 1, 2
    first = make_delivered(user)
    start_preview(user, first)
    with pytest.raises(TooMany, match="stop one of them"):
        start_preview(user, make_delivered(user))
    other = make_user()
    start_preview(other, make_delivered(other))
    third = make_user()
    with pytest.raises(TooMany, match="All places"):
        start_preview(third, make_delivered(third))
    stop_previews(first)
    start_preview(third, make_delivered(third))
    monkeypatch.setattr(asking, "STARTS_PER_HOUR", 1)
    stop_previews(Preview.objects.get(user=third).run)
    with pytest.raises(TooMany, match="an hour"):
        start_preview(third, make_delivered(third))


def test_only_what_was_delivered_can_be_opened_or_tried(user: User) -> None:
    with pytest.raises(LaunchError, match="not delivered"):
        start_preview(user, make_run())
    server = make_delivered(user)
    with pytest.raises(LaunchError, match="no command"):
        start_try(user, server, "", None)
    with pytest.raises(LaunchError, match="no server"):
        start_preview(user, make_delivered(user, TOOL, ProjectType.CLI_TOOL))


def test_an_entry_runs_out_and_so_does_a_pass(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    preview = start_preview(user, make_delivered(user))
    Preview.objects.update(status=PreviewStatus.RUNNING)
    token = passes.entry_address(preview).partition("token=")[2]
    older = token
    token = passes.entry_address(preview).partition("token=")[2]
    assert not passes.enter(preview.host, older)
    assert not passes.enter(preview.host, token[:-1])
    monkeypatch.setattr(passes, "ENTRY_SECONDS", -1)
    assert not passes.enter(preview.host, token)
    monkeypatch.setattr(passes, "ENTRY_SECONDS", 60)
    assert passes.enter(preview.host, token)
    value = passes.make_pass(preview.host).partition(";")[0].partition("=")[2]
    assert passes.is_pass(preview.host, value)
    assert not passes.is_pass(preview.host, token)
    monkeypatch.setattr(passes, "PASS_SECONDS", -1)
    assert not passes.is_pass(preview.host, value)


def test_who_is_locked_out_loses_what_is_open(user: User) -> None:
    house, preview = House(), start_preview(user, make_delivered(user))
    assert Preview.objects.claim(preview.pk, house.worker, timedelta(minutes=1))
    preview.refresh_from_db()
    tenant = tenants.Tenant(preview)
    house._tenants[tenant.host] = tenant, threading.current_thread()
    house.look()
    assert not tenant.stop.is_set()
    User.objects.update(is_active=False)
    house.look()
    assert tenant.stop.is_set()


def test_a_claim_is_one_processes_alone(user: User) -> None:
    preview = start_preview(user, make_delivered(user))
    lease = timedelta(seconds=-1)
    assert Preview.objects.claim(preview.pk, "one", lease)
    assert not Preview.objects.claim(preview.pk, "two", lease)
    # Its process fell silent.
    assert end_lost_previews() == 1
    preview.refresh_from_db()
    assert preview.reason == LOST
