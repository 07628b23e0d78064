"""The form for a new run in a real browser: pictures are pasted and dropped, and reach the run."""

from __future__ import annotations

import base64
import os
import shutil

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from generations.catalogue_seed import SEEDS
from generations.models import CatalogueModel, Run
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIVE = """([kind, name]) => {
  const bytes = Uint8Array.from(atob(PICTURE), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector("[name=prompt]").dispatchEvent(event);
}""".replace("PICTURE", repr(base64.b64encode(PNG).decode()))


def give(page: Page, kind: str, name: str) -> None:
    page.evaluate(GIVE, [kind, name])


def test_pictures_are_pasted_and_dropped(
    live_server: LiveServer, client: Client, user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The browser's driver runs an event loop in this thread, which Django would take for an asynchronous view.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.OPENROUTER_API_KEY = "sk-of-this-test-0123456789"
    CatalogueModel.objects.all().delete()
    CatalogueModel.objects.bulk_create(CatalogueModel(**seed._asdict()) for seed in SEEDS)
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
        page.goto(f"{live_server.url}/runs/new/")
        expect(page.locator("#estimate")).to_contain_text("no AI is used")
        page.get_by_label("Provider").select_option("openrouter")
        expect(page.locator("#estimate")).to_contain_text("About 16,400 tokens")
        page.get_by_label("Provider").select_option("offline")
        page.get_by_label("What shall it be?").fill("Build what the sketch shows")
        give(page, "paste", "pasted.png")
        give(page, "drop", "dropped.png")
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#summary")).to_contain_text("Build what the sketch shows")
        browser.close()
    run = Run.objects.get()
    assert sorted(run.images.values_list("name", flat=True)) == ["dropped.png", "pasted.png"]
    image = run.images.first()
    assert image is not None
    shown = client.get(f"/runs/{run.pk}/images/{image.pk}")
    assert (shown.content, shown["Content-Type"]) == (PNG, "image/png")
    client.force_login(make_user())
    assert client.get(f"/runs/{run.pk}/images/{image.pk}").status_code == 404
