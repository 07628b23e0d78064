"""Delivered applications opened in a real browser: they work there, and what they try beyond that fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from agents.execution.checking import Application
from agents.languages import TOOLCHAINS
from generations.models import Preview, PreviewStatus, Run
from generations.wiring import site_sandbox
from tests.agents.languages.delivering import delivered
from tests.previewed import application, make_delivered, open_house, served, wait_for, wait_until_gone

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.django_db(transaction=True)]
MINUTE = 60_000

# Each attack answers with what it got; 'blocked' where it got nothing.
ATTACKS = r"""
const trial = async (work) => { try { return String(await work()); } catch (error) { return "blocked"; } };
const waited = (target, good, bad) => new Promise((resolve, reject) => {
  target["on" + good] = () => resolve("got it"); target["on" + bad] = () => reject(new Error());
});
async function framed(address) {
  const frame = document.createElement("iframe");
  frame.src = address;
  const loaded = waited(frame, "load", "error");
  document.body.append(frame);
  await loaded;
  return frame.contentDocument ? frame.contentDocument.body.textContent.length : "blocked";
}
async function picture(address) {
  const image = new Image();
  image.src = address;
  return waited(image, "load", "error");
}
window.attack = async (dashboard, other, outside) => ({
  opener: String(window.opener), framed: String(window.parent !== window),
  cookie: document.cookie,
  page: await trial(() => fetch(dashboard + "/", { credentials: "include", mode: "no-cors" })),
  post: await trial(() => fetch(dashboard + "/sign-out/", { method: "POST", credentials: "include", mode: "no-cors" })),
  socket: await trial(() => waited(new WebSocket(dashboard.replace("http", "ws") + "/ws/"), "open", "error")),
  frame: await trial(() => framed(dashboard + "/")), neighbour: await trial(() => framed(other + "/")),
  own: await trial(() => framed("/")),
  reach: await trial(() => fetch(other + "/style.css", { credentials: "include", mode: "no-cors" })),
  picture: await trial(() => picture(outside + "/static/img/favicon-ok.svg")),
  popup: String(window.open(outside)),
  worker: await trial(() => navigator.serviceWorker.register("/worker.js")),
  tossed: (document.cookie = "sessionid=forged; path=/; domain=localhost", document.cookie),
  storage: String(localStorage.getItem("secret")),
  script: await trial(() => import(outside + "/static/js/theme.js")),
});
"""
ATTACKER = f"""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
ATTACKS = {ATTACKS!r}
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        kind = "text/javascript" if self.path.endswith(".js") else "text/html"
        wide = {{"Service-Worker-Allowed": "/", "Content-Security-Policy": "default-src *", "X-Frame-Options": "ALLOW"}}
        for name, value in {{"Content-Type": kind, "Access-Control-Allow-Origin": "*", **wide}}.items():
            self.send_header(name, value)
        self.end_headers()
        page = "<!doctype html><title>Attacker</title><body>Here<script src=attack.js></script>"
        self.wfile.write((ATTACKS if kind != "text/html" else page).encode())
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", 8123), Handler).serve_forever()
"""


def written_offline(sentence: str, language: str = "python") -> Application:
    """An application as it is delivered when the offline provider wrote it."""
    files, commands = delivered(language, sentence)
    return Application(tuple(files.values()), commands, TOOLCHAINS[language])


@pytest.fixture
def signed_in(
    live_server: LiveServer, client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BrowserContext]:
    """A browser in which the user is signed in to the dashboard."""
    # The browser's driver runs an event loop in this thread, which Django would take for an asynchronous view.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    client.force_login(user)
    program = shutil.which("chromium")
    assert program, "No Chromium is installed; 'make test' installs one where it can."
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        context = browser.new_context()
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])
        yield context
        browser.close()


@pytest.fixture
def street(settings: Settings) -> Iterator[None]:
    """The preview process, in threads of this one."""
    settings.PREVIEWS_PER_USER = 3
    with open_house() as house, served(house) as port:
        settings.PREVIEW_ORIGIN = f"http://preview.localhost:{port}"
        yield
    assert site_sandbox().present() == set()


def opened(context: BrowserContext, dashboard: LiveServer, run: Run) -> Page:
    """The application of a run in a tab of its own, as a person opens it."""
    page = context.new_page()
    page.goto(f"{dashboard.url}/runs/{run.pk}/")
    with context.expect_page() as tab:
        page.get_by_role("button", name="Open the application").click()
    tab.value.wait_for_url("**/*.preview.localhost:*/**", timeout=MINUTE)
    page.close()
    return tab.value


def test_generated_applications_work_in_a_preview_and_attacks_fail(
    live_server: LiveServer, signed_in: BrowserContext, street: None, user: User
) -> None:
    shown = opened(
        signed_in, live_server, make_delivered(user, written_offline("A landing page for a bakery with a contact form"))
    )
    expect(shown.get_by_role("heading", level=1)).to_be_visible()
    # Its own style and script came through.
    assert shown.evaluate("document.styleSheets[0].cssRules.length") > 0
    shown.get_by_role("button", name="Send").click()
    expect(shown.locator("#form-status")).to_contain_text("Please check")
    shown.evaluate("localStorage.setItem('secret', 'of the bakery')")
    assert "token" not in shown.url

    api = opened(
        signed_in, live_server, make_delivered(user, written_offline("A REST API for books with title and year"))
    )
    expect(api.get_by_text("/openapi.json").first).to_be_visible()
    listed = api.locator("details").filter(has_text="POST").first
    listed.locator("summary").click()
    listed.get_by_label("Body").fill('{"title": "Emma", "year": 1815}')
    listed.get_by_role("button", name="Send").click()
    expect(listed.get_by_role("status")).to_contain_text("201")
    api.goto(api.url.partition("/.preview")[0] + "/docs")
    expect(api.locator("details").first).to_be_visible()

    attacker = opened(signed_in, live_server, make_delivered(user, application(ATTACKER)))
    other = shown.evaluate("origin")
    got = attacker.evaluate(
        "(at) => attack(...at)", [live_server.url, other, live_server.url.replace("localhost", "127.0.0.1")]
    )
    assert {name: value for name, value in got.items() if value != "blocked"} == {
        "opener": "null", "framed": "false", "cookie": "", "tossed": "", "popup": "null", "storage": "null",
    }  # fmt: skip
    # It can set a cookie for all previews, which lets into none and keeps nobody out.
    attacker.evaluate("document.cookie = 'autocoder_preview=forged; path=/; domain=preview.localhost'")
    shown.reload()
    expect(shown.get_by_role("heading", level=1)).to_be_visible()
    # Nothing that was tried ended the session.
    assert signed_in.request.get(f"{live_server.url}/").url == f"{live_server.url}/"


@pytest.mark.parametrize("language", ["javascript", "typescript", "go"])
def test_an_api_of_another_language_is_asked_in_a_preview(
    live_server: LiveServer, signed_in: BrowserContext, street: None, user: User, language: str
) -> None:
    written = written_offline("A REST API for books with title and year", language)
    api = opened(signed_in, live_server, make_delivered(user, written))
    listed = api.locator("details").filter(has_text="POST").first
    listed.locator("summary").click()
    listed.get_by_label("Body").fill('{"title": "Emma", "year": 1815}')
    listed.get_by_role("button", name="Send").click()
    expect(listed.get_by_role("status")).to_contain_text("201")
    expect(listed).to_contain_text("Emma")


def test_it_is_stopped_from_the_run_page_and_its_tab_says_so(
    live_server: LiveServer, signed_in: BrowserContext, street: None, user: User
) -> None:
    run = make_delivered(user)
    tab = opened(signed_in, live_server, run)
    expect(tab.get_by_role("heading", name="Here")).to_be_visible()
    preview = Preview.objects.get()
    page = signed_in.new_page()
    page.goto(f"{live_server.url}/runs/{run.pk}/")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("button", name="Stop it")).to_have_count(0)
    wait_until_gone(preview)
    tab.reload()
    expect(tab.get_by_role("heading", name="No preview here")).to_be_visible()
    broken = make_delivered(user, application("raise SystemExit('no key was given')"))
    page.goto(f"{live_server.url}/runs/{broken.pk}/")
    with signed_in.expect_page() as waiting:
        page.get_by_role("button", name="Open the application").click()
    expect(waiting.value.get_by_text("no key was given")).to_be_visible(timeout=MINUTE)
    wait_for(preview := Preview.objects.get(run=broken), PreviewStatus.ENDED)
    assert "exit code 1" in preview.reason
