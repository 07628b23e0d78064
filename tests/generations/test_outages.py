"""A full disk or a database that is away lets a run wait with the reason; it is never the run's fault."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db import OperationalError

from agents import pipeline
from agents.context import RunContext
from agents.errors import LeaseLost, SandboxFailure, Stopped
from agents.state import RunState
from generations import journal as journals
from generations import tasks
from generations.heartbeat import heartbeat
from generations.models import Run, RunStatus
from generations.recovery import recover_lost_runs
from generations.room import DATABASE_AWAY, DISK_FULL
from tests.bench import ROOT
from tests.factories import MINUTE, claim, make_run

DISK = "48m"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DISK_FULL),
        (OperationalError("database or disk is full"), DISK_FULL),
        (OperationalError("database is locked"), DATABASE_AWAY),
    ],
)
def test_an_outage_lets_the_run_wait(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_state: RunState, _context: RunContext) -> RunState:
        raise error

    monkeypatch.setattr(pipeline, "run", broken)
    run = make_run()
    assert tasks.execute_run(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.reason, run.attempts) == (RunStatus.WAITING, reason, 0)
    # It goes on by itself, but not before there is room.
    Run.objects.update(not_before="2001-01-01T00:00Z")
    with monkeypatch.context() as full:
        full.setattr("generations.room.LEAST_ROOM", 1 << 60)
        assert recover_lost_runs() == 0
    assert recover_lost_runs() == 1
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_sandbox_that_breaks_is_tried_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_state: RunState, _context: RunContext) -> RunState:
        raise SandboxFailure("The sandbox went away while a command ran in it; try the run again.")

    monkeypatch.setattr(pipeline, "run", broken)
    run, seen = make_run(), []
    for _ in range(3):
        assert tasks.execute_run(str(run.pk))
        run.refresh_from_db()
        seen.append(run.status)
        Run.objects.update(not_before="2001-01-01T00:00Z")
        recover_lost_runs()
    assert seen == [RunStatus.WAITING, RunStatus.WAITING, RunStatus.FAILED]
    assert "sandbox went away" in run.reason


@pytest.mark.django_db(transaction=True)
def test_an_error_of_ours_still_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_state: RunState, _context: RunContext) -> RunState:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(pipeline, "run", broken)
    run = make_run()
    assert tasks.execute_run(str(run.pk))
    run.refresh_from_db()
    assert (run.status, "Internal error" in run.reason) == (RunStatus.FAILED, True)


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_could_not_be_renewed_is_no_stop_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(_state: RunState, context: RunContext) -> RunState:
        assert context.journal.stop_requested()
        raise Stopped("Stopped at your request.")

    monkeypatch.setattr(pipeline, "run", stops)
    journal = claim(make_run())
    journal.lost.set()
    with pytest.raises(LeaseLost):
        tasks._run_to_end(journal)
    run = Run.objects.get(pk=journal.run.pk)
    assert (run.status, run.finished_at) == (RunStatus.RUNNING, None)


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_lease_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_journal: journals.RunJournal, *_more: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("generations.heartbeat._renew", away)
    monkeypatch.setattr("generations.heartbeat._look", away)
    journal = claim(make_run())
    with heartbeat(journal, MINUTE / 60, threading.Event().set):
        assert journal.lost.wait(60)


@pytest.mark.sandbox
def test_runs_outlive_a_full_disk(tmp_path: Path) -> None:
    """In a name space of its own, where a small disk can be mounted without anybody's leave."""
    disk = tmp_path / "disk"
    disk.mkdir()
    # What was fetched once is large, and stays where it is.
    fetched = [site.PACKAGE_CACHE, site.VAR_DIR / "models"]
    for folder in fetched:
        folder.mkdir(parents=True, exist_ok=True)
    links = " ".join(str(folder) for folder in fetched)
    mount = f"mount -t tmpfs -o size={DISK} tmpfs {disk} && mkdir {disk}/var && ln -s {links} {disk}/var"
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", f"{disk}/tests"]
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(
        ["unshare", *user, "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh", *program, "tests/long/full_disk.py"],
        cwd=ROOT,
        env={**os.environ, "AUTOCODER_VAR_DIR": f"{disk}/var"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    assert "1 passed" in done.stdout
