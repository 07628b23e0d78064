"""An endpoint tells every secret of a site in every form; none is found anywhere that people or programs look."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import docker
import pytest
from cryptography.fernet import Fernet

from agents.sandboxes.docker import LABEL_RUN
from tests.canaries import FORMS, all_shown
from tests.running_site import ROOT, Site
from tests.sinks import rows_as_text
from tests.telltale import Telltale
from tests.visitor import Visitor

pytestmark = [pytest.mark.sandbox]
PATIENCE = 900.0
MOST_OF_A_KIND = 3
NOT_VISITED = r"/static/|sign-out|logout|jsi18n|/auth/|/django_q/|[?&](?:o|_facets)="
ENDED = ("succeeded", "unverified", "failed", "stopped", "paused")


def canary(words: str) -> str:
    """A secret with all that has to be escaped somewhere, and nothing of an ordinary word."""
    parts = [secrets.token_hex(3) for _ in range(6)]
    return words + "".join(part + mark for part, mark in zip(parts, '/<"&>+', strict=True)) + secrets.token_hex(8)


@dataclass
class Sweep:
    """A site of its own with five secrets, one run on it, and all that was seen of it by sink."""

    var: Path
    lines: dict[str, dict[str, None]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.encryption_key = Fernet.generate_key().decode()
        self.secrets = {
            "key of the site": canary("k1"),
            "key of a user": canary("k2"),
            "SECRET_KEY": canary("k3") + secrets.token_hex(16),
            "encryption key": self.encryption_key,
            "password of the database": canary("k5"),
        }
        self.database = self.var / "autocoder.db"

    def environment(self, url: str) -> dict[str, str]:
        """The settings of the site."""
        password = quote(self.secrets["password of the database"], safe="")
        return {
            "SECRET_KEY": self.secrets["SECRET_KEY"],
            "ENCRYPTION_KEYS": self.encryption_key,
            "DATABASE_URL": f"sqlite://somebody:{password}@/{self.database}",
            "CUSTOM_BASE_URL": url,
            "CUSTOM_MODEL": "telltale",
            "CUSTOM_API_KEY": self.secrets["key of the site"],
            "MODEL_PROVIDER": "custom",
            "LOCAL_ENDPOINTS": "0",
            "SANDBOX": "docker",
            "LOG_LEVEL": "DEBUG",
        }

    def add(self, sink: str, text: str | bytes) -> None:
        """Keep what was seen somewhere; a line that comes again and again is searched once."""
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        self.lines.setdefault(sink, {}).update(dict.fromkeys(text.split("\n")))

    def text(self, sink: str) -> str:
        """All that was seen there."""
        return "\n".join(self.lines[sink])

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the site's database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    made = Sweep(tmp_path_factory.mktemp("sweep") / "var")
    endpoint = Telltale(made.secrets)
    site = Site(made.var, **made.environment(endpoint.url))
    try:
        _use(made, site, endpoint)
    finally:
        site.end()
        endpoint.close()
    _collect_what_is_left(made, site)
    made.add("requests to the endpoint", "\n".join(endpoint.asked))
    return made


def _use(sweep: Sweep, site: Site, endpoint: Telltale) -> None:
    password = site.wait_for(r"Name: admin  Password: (\S+)")[1]
    site.wait_for("Autocoder is at")
    drain = threading.Thread(target=lambda: site.lines.extend(site.process.stdout or ()), daemon=True)
    drain.start()
    visitor = Visitor(site.port)
    visitor.sign_in("admin", password)
    visitor.post("/models/mine/keys/custom/", {"secret": sweep.secrets["key of a user"]})
    run = visitor.post("/runs/new/", {"prompt": "A command line tool that adds numbers", "profile": "custom"})
    run_id = re.search(r"/runs/([0-9a-f-]{36})/", run)
    assert run_id, visitor.seen
    visitor.watch(run_id[1])
    over = threading.Event()
    looking = [
        threading.Thread(target=look, args=(sweep, run_id[1], over)) for look in (_look_at_answers, _look_inside)
    ]
    for thread in looking:
        thread.start()
    try:
        _wait_for(lambda: sweep.rows("SELECT status FROM generations_run")[0][0] in ENDED)
    finally:
        over.set()
    for thread in looking:
        thread.join()
    visitor.post("/models/mine/test/", {"provider": "custom", "model": "telltale", "output_tokens": "400"})
    _wait_for(lambda: sweep.rows("SELECT status FROM generations_modelprobe")[0][0] in ("done", "failed"))
    _visit(sweep, visitor, run_id[1])
    _call_commands(sweep, endpoint)


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


def _look_at_answers(sweep: Sweep, _run: str, over: threading.Event) -> None:
    """The answers that are kept encrypted while a stage lasts."""
    key, seen = Fernet(sweep.encryption_key), set()
    while not over.wait(0.05):
        for (sealed,) in sweep.rows("SELECT sealed FROM generations_keptreply"):
            if sealed not in seen:
                seen.add(sealed)
                sweep.add("kept answers", key.decrypt(bytes(sealed)))  # type: ignore[arg-type]


def _look_inside(sweep: Sweep, run: str, over: threading.Event) -> None:
    """Settings, environment and files of the run's sandbox."""
    client = docker.from_env()
    while not over.wait(0.3):
        for container in client.containers.list(filters={"label": f"{LABEL_RUN}={run}"}, ignore_removed=True):
            with suppress(docker.errors.APIError):
                sweep.add("sandbox", json.dumps(container.attrs, ensure_ascii=False))
                sweep.add("sandbox", container.exec_run(["cat", "/proc/1/environ"], user="0:0").output)
                packed = container.exec_run(["tar", "-c", "-C", "/work", "."], user="0:0").output
                sweep.add("sandbox", packed)


def _visit(sweep: Sweep, visitor: Visitor, run: str) -> None:
    """Every page that leads on from the run's, the files to download, the administration, and pages of errors."""
    _follow_links(
        visitor, ["/", f"/runs/{run}/", f"/runs/{run}/calls/", f"/runs/{run}/log.txt", "/models/mine/", "/admin/"]
    )
    for path in ("/nothing/here", f"/runs/{run}/files/none", "/%00", "/admin/generations/run/none/change/"):
        visitor.get(path)
    visitor.get("/", Host="elsewhere.example")
    sweep.add("websocket", "\n".join(visitor.frames))
    for path, content in visitor.seen.items():
        if path.endswith(".zip"):
            _unpack(sweep, content)
        else:
            sweep.add("administration" if path.startswith("/admin/") else "pages", content)


def _follow_links(visitor: Visitor, waiting: list[str]) -> None:
    known, kinds = set(waiting), Counter[str]()
    while waiting:
        text = visitor.get(waiting.pop())
        for link in {link.partition("#")[0] for link in re.findall(r'(?:href|hx-get|src)="(/[^"]*)"', text)} - known:
            known.add(link)
            kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "*", link)
            kinds[kind] += 1
            if kinds[kind] <= MOST_OF_A_KIND and not re.search(NOT_VISITED, link):
                waiting.append(link)


def _unpack(sweep: Sweep, content: bytes) -> None:
    _, _, packed = content.partition(b"PK")
    with zipfile.ZipFile(io.BytesIO(b"PK" + packed)) as archive:
        for name in archive.namelist():
            sweep.add("downloads", name.encode() + b"\n" + archive.read(name))


def _call_commands(sweep: Sweep, endpoint: Telltale) -> None:
    """The command line with an endpoint that refuses, and a tool of the administrator."""
    endpoint.script = endpoint.refuse
    environment = {**os.environ, "AUTOCODER_VAR_DIR": str(sweep.var), **sweep.environment(endpoint.url)}
    environment["PROVIDER_WAIT_HOURS"] = "0"  # or the command line waits for a day
    for words in (
        ["autonomous_coder.py", "Add numbers", "--provider", "custom", "--json"],
        ["manage.py", "check_invariants"],
    ):
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, check=False, timeout=PATIENCE
        )
        sweep.add("command line", done.stdout + done.stderr)


def _collect_what_is_left(sweep: Sweep, site: Site) -> None:
    sweep.add("output of all processes", "".join(site.lines))
    with closing(sqlite3.connect(sweep.database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            sink = TABLES.get(table.removeprefix("generations_"), "other tables")
            sweep.add(sink, rows_as_text(connection.cursor(), [table]))
    for path in sorted(sweep.var.rglob("*")):
        if (
            path.is_file()
            and "packages" not in path.parts
            and "models" not in path.parts
            and path.stat().st_size < 10**8
        ):
            sweep.add("vector store" if "chroma" in path.parts else "files of the site", path.read_bytes())


TABLES = {
    "runevent": "events",
    "modelcall": "ledger",
    "checkpoint": "checkpoints",
    "artifact": "files of applications",
    "blob": "files of applications",
    "memoryentry": "memory",
    "modelprobe": "tests of models",
}
# Where something must have arrived for the search to mean anything.
REACHED = (
    "events", "ledger", "checkpoints", "files of applications", "memory", "kept answers", "sandbox",
    "pages", "websocket", "downloads", "administration", "requests to the endpoint",
)  # fmt: skip
ALL = (
    *REACHED,
    "tests of models",
    "output of all processes",
    "vector store",
    "files of the site",
    "command line",
    "other tables",
)


def test_the_application_was_made(sweep: Sweep) -> None:
    status, reason = sweep.rows("SELECT status, reason FROM generations_run ORDER BY created_at")[0]
    assert status == "succeeded", reason
    outcomes = {outcome for (outcome,) in sweep.rows("SELECT outcome FROM generations_modelcall")}
    assert {"ok", "malformed", "ProviderError"} <= outcomes


@pytest.mark.parametrize("sink", REACHED)
def test_what_the_endpoint_told_went_there(sink: str, sweep: Sweep) -> None:
    assert "***" in sweep.text(sink)


@pytest.mark.parametrize("sink", ALL)
def test_no_form_of_any_secret_is_there(sink: str, sweep: Sweep) -> None:
    assert len(sweep.text(sink)) > 100
    assert all_shown(sweep.text(sink), sweep.secrets) == {}


@pytest.mark.parametrize("form", FORMS)
def test_the_search_would_find_every_form_of_every_secret(form: str, sweep: Sweep) -> None:
    for name, secret in sweep.secrets.items():
        assert name in all_shown(f"before {FORMS[form](secret)} after", sweep.secrets)
