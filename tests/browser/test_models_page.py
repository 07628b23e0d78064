"""The page of models in a real browser: a test is asked for, seen while it goes on, and ends in a badge."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import expect, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from generations.models import ModelProbe, OwnEndpoint
from generations.probes import execute_next_probe
from tests.agents.probing.tried_model import tried, whole_file
from tests.agents.providers.endpoint import Endpoint, Talk, stream, words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def served(settings: Settings) -> Iterator[Endpoint]:
    started = Endpoint()
    settings.ALLOWED_ENDPOINT_HOSTS = [f"127.0.0.1:{started.port}"]
    yield started
    started.close()


def test_a_model_is_tested_before_ones_eyes(
    live_server: LiveServer, client: Client, user: User, served: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The browser's driver runs an event loop in this thread, which Django would take for an asynchronous view.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    OwnEndpoint.objects.create(owner=user, name="Mine", base_url=served.url, model="m")
    go_on = threading.Event()

    def slow(text: str, nonce: str) -> Any:
        def script(talk: Talk) -> None:
            go_on.wait(60)
            stream(*words(whole_file(text, nonce)))(talk)

        return script

    tried(served, edits=slow)
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    program = shutil.which("chromium")
    assert program, "No Chromium is installed; 'make test' installs one where it can."
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        context = browser.new_context()
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/models/mine/")
        offer = page.locator(".offer", has_text="Mine")
        expect(offer.locator(".badge")).to_have_text("not tested")
        offer.get_by_role("button", name="Test").click()
        expect(offer.locator(".badge")).to_have_text("being tested", timeout=30_000)
        worker = threading.Thread(target=lambda: (execute_next_probe(), connection.close()))
        worker.start()
        expect(offer).to_contain_text("Two files came back whole", timeout=30_000)
        expect(offer.get_by_role("button", name="Testing")).to_be_disabled()
        go_on.set()
        worker.join()
        expect(offer.locator(".badge")).to_have_text("works: whole files, JSON schema", timeout=30_000)
        expect(offer).to_contain_text("came back whole, or was not changed, where edits were asked for")
        browser.close()
    assert ModelProbe.objects.count() == 1
