"""The whole main job in a real browser: site, worker, websocket and sandbox as 'run' starts them."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.running_site import Site

pytestmark = [pytest.mark.sandbox, pytest.mark.browser]
MINUTES_3 = 180_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "No Chromium is installed; 'make test' installs one where it can."
    with sync_playwright() as playwright:
        # A browser that runs as root has no sandbox of its own.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; whatever the browser complains about fails the test."""
    context = browser.new_context()
    made = context.new_page()
    problems: list[str] = []
    made.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: problems.append(str(error)))
    yield made
    context.close()
    assert problems == []


def test_a_sentence_becomes_an_application_while_somebody_watches(page: Page, tmp_path: Path) -> None:
    site = Site(tmp_path / "var")
    try:
        password = site.wait_for(r"Password: (\S+)")[1]
        site.wait_for(r"Autocoder is at")
        page.goto(f"http://localhost:{site.port}/")
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Create a simple CLI tool that processes CSV files").click()
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#summary")).to_have_attribute("data-status", "succeeded", timeout=MINUTES_3)
        # Everything came over the socket: the page was never loaded again, and no line is missing or there twice.
        numbers = [int(n) for n in page.locator("#log-lines li").evaluate_all("all => all.map(one => one.dataset.seq)")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "navigate"
        expect(page.locator(".step-succeeded")).to_have_count(8)
        expect(page.get_by_text("No AI was used").first).to_be_visible()
        expect(page.locator(".verdict")).to_contain_text(re.compile(r"\d+ tests passed"))
        assert "succeeded" in page.title()
        first = page.url
        # This form came over the socket too.
        page.get_by_label("Ask for a change").fill("Sort by several columns")
        page.get_by_role("button", name="Run again with it").click()
        expect(page.locator("#summary")).to_contain_text("#2")
        page.get_by_role("button", name="Stop").click()
        page.goto(first)
        assert page.locator("#log-lines li").count() == len(numbers)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download zip").click()
        names = zipfile.ZipFile(download.value.path()).namelist()
        assert any(name.endswith("/cli.py") for name in names)
        page.get_by_role("link", name="README.md").click()
        expect(page.locator("#L-1")).to_be_attached()
        page.goto(f"http://localhost:{site.port}/")
        expect(page.get_by_role("row", name="Succeeded")).to_have_count(1)
    finally:
        site.end()
