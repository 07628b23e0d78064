"""Worker groups whose queue hangs are replaced, end as a whole, and give their runs back before they end."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from generations.models import Run, RunEvent, RunStatus, WorkerGroup
from generations.watchdog import START_SECONDS, Silence, forget_gone_groups
from tests.bench import MODEL, PATIENCE, ROOT, Bench, complaints, ended, no_sandbox_is_left, wait_for
from tests.counting_model import SMALL
from tests.factories import make_user

PROMPT = f"A {SMALL} tool that adds the numbers it is given"


@pytest.fixture
def bench(
    process_environment: dict[str, str], settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Bench]:
    """A worker with its watchdog and no reaper, so that nobody else brings runs back."""
    settings.SCRIPTED_PROVIDER = MODEL
    times = {"CANARY_SECONDS": "0.5", "CANARY_STALE_SECONDS": "60", "DRAIN_SECONDS": "120"}
    times |= getattr(request, "param", {})
    with Bench({**process_environment, **times}, tmp_path, workers=2, lease=120).started("worker") as started:
        yield started


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.1)


def session(leader: int) -> set[int]:
    """The living processes of a session."""
    found = set()
    for folder in Path("/proc").glob("[1-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.add(int(folder.name))
    return found


def children(parent: int) -> list[int]:
    listed = (Path(f"/proc/{parent}/task/{parent}/children")).read_text().split()
    return [int(pid) for pid in listed]


def cluster_of(bench: Bench, name: str = "worker") -> int:
    """The main process of the cluster that a watchdog started; 0 while there is none."""
    found = children(bench.processes[name].pid)
    return next((pid for pid in found if pid in session(pid)), 0)


def idle_workers_killed(cluster: int) -> None:
    """One of them holds the lock of the queue that all of them read; those that follow wait for ever."""
    [sentinel] = children(cluster)
    for pid in children(sentinel):
        os.kill(pid, signal.SIGKILL)


def sentinel_asleep(cluster: int) -> None:
    """Workers that have done a task are not replaced any more."""
    for pid in (cluster, *children(cluster)):
        os.kill(pid, signal.SIGSTOP)


@pytest.mark.sandbox
@pytest.mark.parametrize("hang", [idle_workers_killed, sentinel_asleep])
@pytest.mark.parametrize("bench", [{"CANARY_STALE_SECONDS": "8"}], indirect=True)
def test_a_queue_that_hangs_is_replaced_and_runs_go_on(bench: Bench, hang: Callable[[int], None]) -> None:
    until(WorkerGroup.objects.exclude(answered_at=None).exists, "the first answer")
    first = cluster_of(bench)
    hang(first)
    until(lambda: cluster_of(bench) not in (0, first), "another cluster")
    assert session(first) == set()
    run = bench.order(make_user(), PROMPT)
    wait_for(run, ended)
    assert run.verdict is not None, run.reason


def test_a_cluster_ends_with_its_watchdog_and_with_its_sentinel(bench: Bench) -> None:
    until(WorkerGroup.objects.exclude(answered_at=None).exists, "the first answer")
    first = cluster_of(bench)
    os.kill(children(first)[0], signal.SIGKILL)
    until(lambda: cluster_of(bench) not in (0, first), "another cluster")
    assert session(first) == set()

    second = cluster_of(bench)
    until(lambda: len(session(second)) >= 4, "its processes")
    bench.kill("worker")
    until(lambda: session(second) == set(), "the end of all its processes")
    forget_gone_groups()
    assert not WorkerGroup.objects.exists()


@pytest.mark.sandbox
def test_a_worker_that_must_end_gives_its_run_to_another_at_the_next_checkpoint(bench: Bench) -> None:
    owner = make_user()
    usual = bench.order(owner, PROMPT)
    wait_for(usual, ended)
    bench.control.order("before_call", "pause", 2)
    run = bench.order(owner, PROMPT)
    until(bench.control.fired, "the second call")
    before = run.checkpoints.count()
    bench.start("worker-2")
    until(lambda: WorkerGroup.objects.exclude(answered_at=None).count() == 2, "the other worker")

    ending = bench.processes["worker"]
    cluster = cluster_of(bench)
    ending.send_signal(signal.SIGTERM)
    # The idle worker and the one that reads the queue are gone first.
    until(lambda: len(session(cluster)) <= 4, "the beginning of the end")
    [fired] = bench.control.fired()
    os.kill(int(str(fired["pid"])), signal.SIGCONT)
    assert ending.wait(PATIENCE) == 0
    assert session(cluster) == set()
    wait_for(run, ended)
    assert (run.fence, run.attempts) == (2, 1)
    resumed = RunEvent.objects.filter(run=run, kind="run_started").values_list("payload__resumed_from", flat=True)
    assert resumed[1]
    assert run.checkpoints.count() > before
    wait_for(run, no_sandbox_is_left)
    assert complaints(bench, run, usual, lost=0) == []
    assert WorkerGroup.objects.count() == 1


def test_a_worker_waits_for_a_database_that_is_still_being_made(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "late.db"
    environment = {**process_environment, "DATABASE_URL": f"sqlite:///{place}", "CANARY_SECONDS": "0.5"}
    with Bench(environment, tmp_path).started("worker") as bench:
        log = tmp_path / "worker.log"
        until(lambda: "could not ask the database" in log.read_text(), "the complaint")
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        asked = "SELECT count(answered_at) FROM generations_workergroup"
        until(lambda: sqlite3.connect(place, timeout=60).execute(asked).fetchone() == (1,), "the first answer")
        assert bench.processes["worker"].poll() is None


@pytest.mark.parametrize(
    ("bench", "number"),
    [({"DRAIN_SECONDS": "1"}, signal.SIGTERM), ({"DRAIN_SECONDS": "600"}, signal.SIGINT)],
    indirect=["bench"],
)
def test_a_run_that_comes_to_no_checkpoint_in_time_is_given_back(bench: Bench, number: signal.Signals) -> None:
    bench.control.order("before_call", "hang", 2)
    run = bench.order(make_user(), PROMPT)
    until(bench.control.fired, "the second call")
    cluster = cluster_of(bench)
    bench.processes["worker"].send_signal(number)
    assert bench.processes["worker"].wait(PATIENCE) == 0
    assert session(cluster) == set()
    run.refresh_from_db()
    assert (run.status, run.attempts, run.lease_owner, run.lease_expires_at) == (RunStatus.QUEUED, 0, "", None)
    assert run.checkpoints.exists()
    assert no_sandbox_is_left(run)


def test_a_run_whose_person_stops_it_meanwhile_is_stopped(bench: Bench) -> None:
    bench.control.order("before_call", "pause", 2)
    run = bench.order(make_user(), PROMPT)
    until(bench.control.fired, "the second call")
    Run.objects.filter(pk=run.pk).update(stop_requested_at=timezone.now())
    bench.processes["worker"].send_signal(signal.SIGINT)
    [fired] = bench.control.fired()
    os.kill(int(str(fired["pid"])), signal.SIGCONT)
    assert bench.processes["worker"].wait(PATIENCE) == 0
    run.refresh_from_db()
    assert run.status == RunStatus.STOPPED


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_silence_counts_only_while_the_queue_could_answer() -> None:
    clock, answer = Clock(), datetime(2030, 1, 1, tzinfo=UTC)
    silence = Silence(clock)
    clock.now += START_SECONDS
    assert not silence.too_long(8)
    clock.now += 1
    assert silence.too_long(8)

    silence.restart()
    silence.hear(answer)
    clock.now += 8
    assert not silence.too_long(8)
    silence.forgive()
    clock.now += 8
    assert not silence.too_long(8)
    silence.hear(answer)
    clock.now += 1
    assert silence.too_long(8)
    # The database's clock was put back: the answer is a new one all the same.
    silence.hear(answer - timedelta(hours=1))
    assert not silence.too_long(8)
