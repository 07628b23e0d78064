"""The blueprint for web pages writes a well-formed page and a server that answers with it and nothing else."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agents.providers.offline.blueprints.web_page import BLUEPRINT
from agents.providers.offline.reading import read
from agents.types import MODE_EXECUTABLE
from tests.agents.providers.offline.written import LINT, tool
from tests.agents.providers.offline.written import write as write_with

SENTENCES = (
    "A landing page for a bakery with opening hours and a contact form",
    "A static portfolio page",
    "A web page for an event with schedule, speakers, location and faq",
    "A website for my dog walking business called Pawsome with prices, testimonials, and a booking form",
    "A home page for a restaurant including menu, opening hours, and directions",
    'A landing page for "Blue & Co. <Ltd>" with About us, Team and Imprint',
    "A product page for a lamp with three features, pricing, faq, contact form, a message form and a name section",
    "A page for a club with main, email, message form, form status, opening hours and opening-hours",
    "A web page about volcanoes",
    "A portfolio for a photographer with a gallery and contact form",
    "A one-page site for a wedding with the date, venue, dress code and RSVP form",
)
write = partial(write_with, BLUEPRINT)


class Page(HTMLParser):
    """Collects tags with their attributes, and the texts of some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def values(self, name: str, *tags: str) -> list[str]:
        """An attribute's values, of all tags or of some."""
        return [found[name] for tag, found in self.tags if name in found and (not tags or tag in tags)]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_page_is_well_formed_named_and_labelled(sentence: str) -> None:
    brief = read(sentence)
    text = BLUEPRINT.render(brief, "site/index.html").text
    page = Page(text)
    assert page.open == []
    assert page.texts["title"] == page.texts["h1"] == [brief.name]
    assert page.texts["h2"] == json.loads(brief.details["sections"])
    assert page.values("lang", "html") == ["en"]
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    fields = page.values("id", "input", "textarea", "select")
    assert sorted(page.values("for", "label")) == sorted(fields)
    assert bool(fields) == ("form" in sentence)
    files = {file.path for file in BLUEPRINT.plan(brief).files}
    for link in page.values("href") + page.values("src"):
        assert link[1:] in ids if link.startswith("#") else f"site/{link}" in files
    assert not page.values("style")
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert not re.search(r"https?:|//", re.sub(r"<!doctype html>", "", text))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_requirements_and_plan_hold_together(sentence: str) -> None:
    brief = read(sentence)
    required, plan = BLUEPRINT.requirements(brief), BLUEPRINT.plan(brief)
    assert [one.id for one in required.criteria] == [f"AC-{n}" for n in range(1, len(required.criteria) + 1)]
    assert (required.name, required.assumptions) == (brief.name, brief.assumptions)
    paths = [file.path for file in plan.files]
    for index, file in enumerate(plan.files):
        assert set(file.depends_on) <= set(paths[:index]), file.path
    assert ("site/script.js" in paths) == ("form" in sentence)
    assert [file.path for file in plan.files if file.executable] == ["start.sh"]
    assert BLUEPRINT.render(brief, "start.sh").mode == MODE_EXECUTABLE


def test_written_code_is_clean(tmp_path: Path) -> None:
    for number, sentence in enumerate(SENTENCES):
        write(read(sentence), tmp_path / f"app{number}")
    options = ("--isolated", "--no-cache", "--target-version", "py311", "--config", "src=['app*']", ".")
    lint = tool(tmp_path, "ruff", "check", "--select", LINT, "--ignore", "S101", *options)
    assert lint.returncode == 0, lint.stdout
    form = tool(tmp_path, "ruff", "format", "--diff", *options)
    assert form.returncode == 0, form.stdout


def test_tests_of_the_written_page_pass_and_types_are_right(tmp_path: Path) -> None:
    write(read(SENTENCES[6]), tmp_path)
    ran = tool(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:asyncio",
               "--cov=serve", "--cov-report=json:coverage.json", "-W", "error::DeprecationWarning")  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert json.loads((tmp_path / "coverage.json").read_text())["totals"]["percent_covered"] > 90
    checked = tool(tmp_path, "mypy", "--config-file=", "--strict", f"--cache-dir={tmp_path / 'types'}", ".")
    assert checked.returncode == 0, checked.stdout


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the page of the bakery is served by its own start script."""
    folder = tmp_path_factory.mktemp("page")
    write(read(SENTENCES[0]), folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    env = {"PATH": str(Path(sys.executable).parent), "PORT": str(free), "HOME": str(folder)}
    server = subprocess.Popen([str(folder / "start.sh")], cwd="/", env=env, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 240
        while server.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", free)) == 0:
                    break
            time.sleep(0.05)
        yield free
    finally:
        server.terminate()
        server.wait(timeout=240)


def ask(port: int, method: str, path: str) -> http.client.HTTPResponse:
    """The answer to a request, read."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
    client.request(method, path)
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer


def test_served_page_has_its_headers(port: int) -> None:
    for probe in BLUEPRINT.plan(read(SENTENCES[0])).commands.probes:
        answer = ask(port, probe.method, probe.path)
        assert answer.status == probe.expect
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert "default-src 'self'" in str(answer.getheader("Content-Security-Policy"))
    assert str(ask(port, "GET", "/script.js").getheader("Content-Type")).startswith("text/javascript")
    assert ask(port, "HEAD", "/").status == 200


@pytest.mark.parametrize(
    "path", ["/missing", "/../serve.py", "/%2e%2e/serve.py", "//etc/passwd", "/style.css/", "/.git/"]
)
def test_nothing_else_is_served(path: str, port: int) -> None:
    assert ask(port, "GET", path).status == 404


def test_nothing_can_be_sent(port: int) -> None:
    assert ask(port, "POST", "/").status == 501


HOSTILE = 'A page for a club with <script>alert(1)</script>, {{ 7 * 7 }}, "onload=x" and a contact form'


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '" onload="x', "{{ 7 * 7 }}", "\u202e\ud800 x", "日本語"]
)
def test_hostile_words_stay_words(name: str, tmp_path: Path) -> None:
    write(read(HOSTILE, name=name), tmp_path)
    page = Page((tmp_path / "site" / "index.html").read_text())
    assert [found for tag, found in page.tags if tag == "script"] == [{"src": "script.js", "defer": ""}]
    assert not [found for _, found in page.tags if "onload" in found]
    for path in tmp_path.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")
    assert os.access(tmp_path / "start.sh", os.X_OK)
