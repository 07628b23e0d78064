"""A served application without the database: its sandbox, its bridge, and the gateway on a real port."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from django.conf import settings
from django.contrib.auth.models import User

from agents.context import StageMeasures
from agents.events import LogLine
from agents.execution.checking import Application, open_installed
from agents.languages import TOOLCHAINS
from agents.languages.base import PackageCache
from agents.plan import Commands
from agents.sandboxes import sandbox_named
from agents.types import ProjectType, SourceFile, StageName
from generations.models import Preview, Run, RunStatus, TryOut
from generations.previewing.gateway import Gateway, Landlord
from generations.previewing.house import House
from generations.previewing.passes import COOKIE, make_pass
from generations.previewing.tenants import Tenant
from generations.wiring import site_sandbox
from tests.factories import claim, make_project, make_requirements, make_run, make_state, succeeded
from tests.hostile_server import PORT, SERVER

DEADLINE = 240.0
INSTALLATION = f"tests of previews {uuid.uuid4()}"


def application(server: str = SERVER) -> Application:
    """A server of one file."""
    commands = Commands(start="exec python server.py", test="true", port=PORT)
    return Application((SourceFile("server.py", server.encode()),), commands, TOOLCHAINS["python"])


TOOL_CODE = """
import sys, time, pathlib
print(sys.argv[1:])
if "wait" in sys.argv: time.sleep(600)
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/upper.txt").write_text(pathlib.Path(sys.argv[1]).read_text().upper())
print("\\x1b[2Jdone", file=sys.stderr)
sys.exit(4)
"""
TOOL = Application(
    (SourceFile("tool.py", TOOL_CODE.encode()),),
    Commands(start="python tool.py --help", test="true", examples=("python tool.py in.txt",)),
    application().toolchain,
)


class Street:
    """Who lives where."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}

    def tenant(self, host: str) -> Tenant | None:
        return self.tenants.get(host)


class Living(Tenant):
    """A tenant without a row, which tells its end to the test."""

    thread: threading.Thread | None = None
    told = ""

    def ended(self, reason: str) -> None:
        self.told = self.told or reason

    def listening(self) -> None:
        self.listens.set()

    def wait_for_end(self) -> None:
        """Until the application has ended by itself."""
        assert self.thread is not None
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()


@contextmanager
def living(kind: str = "docker", server: str = SERVER) -> Iterator[Living]:
    """An application that listens; its sandbox is gone afterwards."""
    tenant = Living(Preview(id=uuid.uuid4()))
    built = application(server)
    tenant.commands = built.commands
    sandbox = sandbox_named(kind, INSTALLATION)

    def serve() -> None:
        cache = PackageCache(settings.PACKAGE_CACHE)
        with open_installed(built, sandbox, cache, label=tenant.host, stop=tenant.must_stop) as session:
            tenant.bridge.serve(session, built, 600, started=tenant.listening, stop=tenant.must_stop)

    tenant.work = serve  # type: ignore[method-assign]
    thread = tenant.thread = threading.Thread(target=tenant.live, daemon=True)
    thread.start()
    try:
        while not tenant.listens.wait(0.1):
            assert thread.is_alive(), tenant.told
        yield tenant
    finally:
        tenant.end("The test is over.")
        thread.join(DEADLINE)
        assert not thread.is_alive()
        assert (tenant.host, 0) not in sandbox.present()


@contextmanager
def served(house: Landlord) -> Iterator[int]:
    """The gateway on a port of its own."""
    options = {"ws": "none", "http": "h11", "lifespan": "off", "log_level": "critical", "server_header": False}
    server = uvicorn.Server(uvicorn.Config(Gateway(house), host="127.0.0.1", port=0, **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(DEADLINE)


def browser(tenant: Tenant, port: int, *, cookie: str | None = None) -> httpx.Client:
    """A client with a pass."""
    value = make_pass(tenant.host).partition(";")[0] if cookie is None else f"{COOKIE}={cookie}"
    domain = settings.PREVIEW_ORIGIN.partition("://")[2]
    headers = {"Host": f"{tenant.host}.{domain}", "Cookie": value}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=DEADLINE)


def make_delivered(user: User, built: Application | None = None, kind: ProjectType = ProjectType.REST_API) -> Run:
    """A run of the user that has delivered an application."""
    built = built or application()
    journal = claim(make_run(make_project(user)))
    state = make_state(journal.run, StageName.EXECUTION)
    plan = state.needed_plan().model_copy(update={"commands": built.commands})
    language = next(key for key, toolchain in TOOLCHAINS.items() if toolchain is built.toolchain)
    requirements = make_requirements(project_type=kind, language=language)
    state = succeeded(state.model_copy(update={"plan": plan, "requirements": requirements}))
    journal.checkpoint(StageName.EXECUTION, state, built.files, StageMeasures(seconds=1))
    journal.finish(RunStatus.SUCCEEDED, [LogLine(stage="", text="ended")], reason="")
    return Run.objects.select_related("project__owner").get(pk=journal.run.pk)


@contextmanager
def open_house() -> Iterator[House]:
    """The preview process's work, in a thread of this process."""
    house = House()
    thread = threading.Thread(target=house.run, daemon=True)
    thread.start()
    try:
        yield house
    finally:
        # Also after a test that failed: its sandboxes end with the house.
        house.close()
        thread.join(DEADLINE)
        assert not thread.is_alive()


def wait_for(row: Preview | TryOut, *statuses: str) -> None:
    """Until the row has one of these statuses."""
    deadline = time.monotonic() + DEADLINE
    while row.status not in statuses:
        assert time.monotonic() < deadline, (row.status, row.reason)
        assert row.live, row.reason
        time.sleep(0.05)
        row.refresh_from_db()


def wait_until_gone(row: Preview | TryOut) -> None:
    """Until it has no sandbox any more."""
    deadline = time.monotonic() + DEADLINE
    while (row.host, 0) in site_sandbox().present():
        assert time.monotonic() < deadline
        time.sleep(0.05)
