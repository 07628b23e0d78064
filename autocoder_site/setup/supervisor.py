"""Starts web, worker, reaper and vector store, keeps them running, and ends all of them together."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from autocoder_site.setup import ROOT, Problem
from autocoder_site.setup.environment import PYTHON, setting
from autocoder_site.setup.service import Service

READY_SECONDS = 60
MAX_RESTARTS = 5
POLL_SECONDS = 0.5
# What a worker needs beyond the time that its runs are given.
LET_GO_SECONDS = 15.0


def check_port() -> None:
    """Raises Problem when the web port is taken."""
    host, port = _address()
    if _is_busy(host, port):
        raise Problem(f"Port {port} is in use. Stop what uses it, or start with another one: PORT={port + 10} make run")


def supervise(afterwards: Callable[[], int] | None = None) -> int:
    """Run all services until SIGINT, SIGTERM or SIGHUP; gives the exit code.

    The web server starts alone, so that the page is there soon; ``afterwards`` is called when everything has started.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    services: list[Service] = []
    hurried = False
    try:
        services.extend(_services())
        services[0].start()
        _announce(services[0])
        if services[0].refused:
            services.pop(0).end()
            services.clear()
            return 1
        for service in services[1:]:
            service.start()
        if afterwards is not None:
            afterwards()
        return _watch(services)
    except _Asked as asked:
        # Who presses Ctrl-C or closes the terminal does not want to wait until runs come to a checkpoint.
        hurried = asked.number != signal.SIGTERM
        return 0
    finally:
        _end(services, hurried=hurried)


class _Asked(BaseException):
    """A signal asked to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise _Asked(number)


def _address() -> tuple[str, int]:
    value = setting("PORT", "8000")
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise Problem(f"PORT is {value!r}; it must be a number from 1 to 65535.")
    return setting("HOST", "127.0.0.1"), int(value)


def _is_busy(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: a port whose last connections are only just closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _free_port(preferred: int) -> int:
    if not _is_busy("127.0.0.1", preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _services() -> list[Service]:
    host, port = _address()
    environment = dict(os.environ, PYTHONUNBUFFERED="1", DJANGO_SETTINGS_MODULE="autocoder_site.settings")
    shown = ("localhost", "127.0.0.1") if host in ("127.0.0.1", "0.0.0.0") else (host,)  # noqa: S104 - only compared
    environment["SITE_ORIGINS"] = setting("SITE_ORIGINS", ",".join(f"http://{name}:{port}" for name in shown))
    python, tools = str(PYTHON), PYTHON.parent
    services = [Service("web", _web(host, port), environment)]
    if not setting("CHROMA_URL", ""):
        vectors = _free_port(int(setting("CHROMA_PORT", "8001")))
        environment["CHROMA_URL"] = f"http://127.0.0.1:{vectors}"
        folder = str(Path(setting("AUTOCODER_VAR_DIR", str(ROOT / "var"))) / "chroma")
        chroma = [str(tools / "chroma"), "run", "--host", "127.0.0.1", "--port", str(vectors), "--path", folder]
        services.append(Service("vectors", chroma, environment, quiet=True))
    previews = _free_port(int(setting("PREVIEW_PORT", "8002")))
    environment["PREVIEW_PORT"] = str(previews)
    services += [
        Service("preview", [python, "manage.py", "serve_previews", "--host", host], environment),
        Service("reaper", [python, "manage.py", "recover_runs", "--forever"], environment),
        Service("worker", [python, "manage.py", "run_worker"], environment, grace=_drain_seconds() + LET_GO_SECONDS),
    ]
    return services


def _drain_seconds() -> float:
    value = setting("DRAIN_SECONDS", "25")
    if not value.replace(".", "", 1).isdecimal():
        raise Problem(f"DRAIN_SECONDS is {value!r}; it must be a number of seconds.")
    return float(value)


def _web(host: str, port: int) -> list[str]:
    """Daphne, without a line for each request."""
    command = [str(PYTHON), "-m", "daphne", "-b", host, "-p", str(port), "--access-log", os.devnull]
    return [*command, "autocoder_site.asgi:application"]


def _announce(web: Service) -> None:
    host, port = _address()
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and web.alive:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            name = "localhost" if host in ("127.0.0.1", "0.0.0.0") else host  # noqa: S104 - only compared
            print(f"Autocoder is at http://{name}:{port}/ (Ctrl-C ends it)", flush=True)
            return
        time.sleep(0.1)
    if web.refused:
        return
    print("The web server has not answered yet; see its lines above.", file=sys.stderr, flush=True)


def _watch(services: list[Service]) -> int:
    while True:
        time.sleep(POLL_SECONDS)
        for service in services:
            if not service.died:
                service.start_if_due()
                continue
            told = service.restart_later()
            if service.restarts > MAX_RESTARTS:
                told = f"{service.name} ended {service.restarts} times in a row, so the site ends; see its lines above."
                print(told, file=sys.stderr, flush=True)
                return 1
            print(told, file=sys.stderr, flush=True)


def _end(services: list[Service], *, hurried: bool) -> None:
    """End the worker first, while its runs still have everything; unless ``hurried`` they may come to a checkpoint."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    for worker in services[-1:]:
        worker.ask_to_end(signal.SIGINT if hurried else signal.SIGTERM)
        if not hurried:
            worker.end()
    for service in services[:-1]:
        service.ask_to_end()
    for service in services:
        service.end()
    if services:
        subprocess.run([str(PYTHON), "manage.py", "remove_sandboxes"], cwd=ROOT, check=False)
