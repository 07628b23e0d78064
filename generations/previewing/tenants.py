"""The applications that run here now: each in a sandbox of its own, held by a thread."""

from __future__ import annotations

import threading
import time

from django.db import connection
from django.db.models.functions import Now

from agents.execution.bridging import Bridge
from agents.execution.checking import open_installed
from agents.plan import Commands
from generations.models import Preview, PreviewStatus
from generations.previewing.delivered import application_of
from generations.previewing.lodging import Lodger
from generations.previewing.passes import origin_of
from generations.wiring import site_packages, site_sandbox

IDLE_SECONDS = 300.0
LONGEST_SECONDS = 1800.0
IDLE = "Nobody used it for five minutes, so it was stopped."
LONGEST = "It ran for half an hour, which is the longest, so it was stopped."


class Tenant(Lodger):
    """One opened application. ``commands`` are there once it is being started; ``used`` is when anybody last asked."""

    row: Preview

    def __init__(self, row: Preview) -> None:
        super().__init__(row)
        self.bridge = Bridge()
        self.listens = threading.Event()
        self.started = self.used = time.monotonic()
        self.active = 0
        self.commands: Commands | None = None
        self.first_path = ""

    @property
    def origin(self) -> str:
        """Its own origin."""
        return origin_of(self.host)

    @property
    def port(self) -> int:
        """The port that it listens on, inside the sandbox."""
        return self.commands.port or 0 if self.commands else 0

    def must_stop(self) -> bool:
        """Whether its time is over: nobody wants it, nobody uses it, or it has run for very long."""
        now = time.monotonic()
        if not self.stop.is_set() and now - self.started > LONGEST_SECONDS:
            self.end(LONGEST)
        elif not self.stop.is_set() and not self.active and now - self.used > IDLE_SECONDS:
            self.end(IDLE)
        return self.stop.is_set()

    def work(self) -> None:
        """Serve until it must stop, or ends by itself."""
        application = application_of(self.row.checkpoint)
        self.commands = application.commands
        sandbox, cache = site_sandbox(), site_packages()
        with open_installed(application, sandbox, cache, label=self.host, stop=self.must_stop) as session:
            self.bridge.serve(session, application, LONGEST_SECONDS, started=self.listening, stop=self.must_stop)

    def listening(self) -> None:
        """Called from the bridge's thread when the server accepts requests."""
        self.used = time.monotonic()
        try:
            self.held().filter(status=PreviewStatus.STARTING).update(status=PreviewStatus.RUNNING, used_at=Now())
        finally:
            connection.close()
        self.listens.set()
