"""The web process is killed while people watch and send: watchers miss nothing, and each form is done once."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from agents.events import LogLine
from generations.models import Run
from tests.bench import ROOT
from tests.factories import claim, make_run, make_user
from tests.running_site import free_port

WATCHERS, SENDERS, KILLS, LINES_EACH = 8, 4, 2, 15
PATIENCE = 300.0
LINE = re.compile(r'<li class="line[^>]* data-seq="(\d+)"')
AWAY = (OSError, httpx.HTTPError, websockets.exceptions.WebSocketException)


class Web:
    """A web process that can be killed and started again at the same address."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._environment = {**environment, "SITE_ORIGINS": f"http://{self.address}"}
        self._log = log
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        words = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*words, "autocoder_site.asgi:application"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < until, self._log.read_text()
                time.sleep(0.1)

    def kill(self) -> None:
        """Kill it without a word."""
        self._process.kill()
        self._process.wait()


@contextmanager
def signed_in(web: Web, user: User) -> Iterator[httpx.Client]:
    """A browser of somebody who is signed in."""
    django = Client()
    django.force_login(user)
    cookie = {"sessionid": django.cookies["sessionid"].value}
    with httpx.Client(base_url=f"http://{web.address}", cookies=cookie, timeout=10) as browser:
        yield browser


def watch(web: Web, run: Run, cookie: str, stop: threading.Event, seen: list[int]) -> None:
    """Write down the numbers of all lines that a page gets; it connects again with the newest that it knows."""
    headers = {"Cookie": f"sessionid={cookie}", "Origin": f"http://{web.address}"}
    while not stop.is_set():
        url = f"ws://{web.address}/ws/runs/{run.pk}/?after={seen[-1] if seen else 0}"
        try:
            with websockets.sync.client.connect(url, additional_headers=headers, close_timeout=1) as page:
                while not stop.is_set():
                    try:
                        message = page.recv(timeout=0.5)
                    except TimeoutError:
                        continue
                    seen += map(int, LINE.findall(str(message)))
        except AWAY:
            time.sleep(0.1)


def send(web: Web, user: User, submission: uuid.UUID) -> None:
    """Send one form again and again until somebody says that it is done."""
    until = time.monotonic() + PATIENCE
    with signed_in(web, user) as browser:
        while time.monotonic() < until:
            try:
                browser.get(reverse("run-new"))
                order = {"prompt": "A small tool", "profile": "offline", "submission": str(submission)}
                sent = browser.post(
                    reverse("run-new"), data=order, headers={"X-CSRFToken": browser.cookies["csrftoken"]}
                )
            except AWAY:
                time.sleep(0.1)
                continue
            assert sent.status_code == 302, sent.text
            return
    raise AssertionError("nobody answered")


@pytest.mark.django_db(transaction=True)
def test_watchers_miss_nothing_and_forms_are_done_once(process_environment: dict[str, str], tmp_path: Path) -> None:
    web, stop, user = Web(process_environment, tmp_path / "web.log"), threading.Event(), make_user()
    journal = claim(make_run(settings={}))
    watcher = Client()
    watcher.force_login(journal.run.project.owner)
    cookie = watcher.cookies["sessionid"].value
    forms = [uuid.uuid4() for _ in range(SENDERS)]

    def write() -> None:
        for number in range(LINES_EACH):
            journal.record(LogLine(stage="code", text=f"line {number}"))
            time.sleep(0.02)

    with ThreadPoolExecutor(WATCHERS + SENDERS) as pool:
        seen: list[list[int]] = [[] for _ in range(WATCHERS)]
        watching = [pool.submit(watch, web, journal.run, cookie, stop, numbers) for numbers in seen]
        sending = []
        try:
            write()
            for _ in range(KILLS):
                sending += [pool.submit(send, web, user, form) for form in forms[len(sending) :][: SENDERS // KILLS]]
                write()
                web.kill()
                write()
                web.start()
            write()
            for sent in sending:
                sent.result()
            last, until = Run.objects.get(pk=journal.run.pk).last_seq, time.monotonic() + PATIENCE
            while not all(last in numbers for numbers in seen) and time.monotonic() < until:
                time.sleep(0.1)
        finally:
            stop.set()
            web.kill()
            connection.close()
    assert [one.result() for one in watching] == [None] * WATCHERS
    assert last == LINES_EACH * (2 * KILLS + 2)
    assert [numbers == list(range(1, last + 1)) for numbers in seen] == [True] * WATCHERS
    assert set(Run.objects.filter(project__owner=user).values_list("submission", flat=True)) == set(forms)
    assert Run.objects.filter(project__owner=user).count() == SENDERS
