"""Random faults over many runs at once: workers, the cluster, containers, the database and the vector store."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors
from django.db import OperationalError, connection
from django.db.models import Max

from agents.sandboxes.docker import LABEL_OWNER
from generations.invariants import violations
from generations.models import Run, RunEvent, RunStatus
from generations.models.run import ENDED
from generations.wiring import installation, site_sandbox
from tests.bench import ROOT, Bench
from tests.counting_model import SMALL
from tests.factories import make_user
from tests.running_site import free_port

# A run may lose its worker or its sandbox three times; nothing else that happens to it is a reason to fail.
EXCUSES = ("The worker was lost", "The sandbox")
STILL_SECONDS = 90.0
FULL_EVERY = 5
LOCK_SECONDS = 5
LOCKS = {
    "sqlite": "BEGIN EXCLUSIVE",
    "postgresql": "BEGIN; LOCK TABLE generations_run, generations_runevent IN ACCESS EXCLUSIVE MODE",
}
HOLD = """
import sys, time, django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for statement in sys.argv[1].split("; "):
        cursor.execute(statement)
    print("locked", flush=True)
    time.sleep(float(sys.argv[2]))
    cursor.execute("ROLLBACK")
"""


def locked(environment: dict[str, str], seconds: float) -> subprocess.Popen[str]:
    """A process that holds the whole database for a while, and has begun to."""
    words = [sys.executable, "-c", HOLD, LOCKS[connection.vendor], str(seconds)]
    holder = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    return holder


@dataclass
class Chaos:
    """``faults`` counts what was done. The same seed does the same things, as far as time lets it."""

    bench: Bench
    seed: int
    lease: int
    say: Callable[[str], None] = lambda _line: None
    faults: Counter[str] = field(default_factory=Counter)
    _asleep: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._source = random.Random(self.seed)
        self._kinds = (self.kill_worker, self.kill_cluster, self.stop_worker, self.kill_container, self.lock_database,
                       self.kill_vectors)  # fmt: skip

    def run(self, runs: int, every: float, patience: float) -> list[Run]:
        """Order the runs, let a fault happen again and again until all have ended, and give them."""
        owners = [make_user() for _ in range(10)]
        made = [self.bench.order(owners[n % 10], self._prompt(n)) for n in range(runs)]
        until, next_fault, moved = time.monotonic() + patience, time.monotonic() + every, time.monotonic()
        before: object = None
        while left := Run.objects.exclude(status__in=ENDED).count():
            assert time.monotonic() < until, f"{left} runs have not ended: {self.statuses()}"
            seen = RunEvent.objects.aggregate(newest=Max("pk"))["newest"]
            if seen != before:
                before, moved = seen, time.monotonic()
            elif time.monotonic() - moved > STILL_SECONDS:
                self._replace_cluster()
                moved = time.monotonic()
            if time.monotonic() >= next_fault:
                self.break_something()
                next_fault = time.monotonic() + every
                self.say(f"{left} left, faults so far {dict(self.faults)}")
            self._wake()
            # Waiting runs are due at once: nobody wants to watch them wait. A worker that was stopped in the middle of
            # a write holds the database for as long.
            with suppress(OperationalError):
                Run.objects.filter(status=RunStatus.WAITING).update(not_before="2001-01-01T00:00Z")
            time.sleep(0.5)
        self._wake(everybody=True)
        return list(Run.objects.filter(pk__in=[run.pk for run in made]))

    def break_something(self) -> None:
        """One fault of a random kind."""
        kind = self._source.choice(self._kinds)
        if kind():
            self.faults[kind.__name__] += 1

    def kill_worker(self) -> bool:
        """SIGKILL a worker in the middle of a run."""
        return self._signal_worker(signal.SIGKILL) is not None

    def stop_worker(self) -> bool:
        """SIGSTOP a worker for longer than its lease."""
        pid = self._signal_worker(signal.SIGSTOP)
        if pid is not None:
            self._asleep.append((time.monotonic() + 2 * self.lease, pid))
        return pid is not None

    def kill_cluster(self) -> bool:
        """SIGKILL all workers with their cluster, and start another one."""
        self._replace_cluster()
        return True

    def kill_container(self) -> bool:
        """Kill the container of a run under its feet."""
        client = docker.from_env()
        ours = client.containers.list(filters={"label": f"{LABEL_OWNER}={installation()}"}, ignore_removed=True)
        if not ours:
            return False
        with suppress(docker.errors.APIError):
            self._source.choice(ours).kill()
        return True

    def lock_database(self) -> bool:
        """Hold the whole database for some seconds, unless somebody who sleeps may have it already."""
        return not self._asleep and locked(self.bench.environment, LOCK_SECONDS).wait() == 0

    def kill_vectors(self) -> bool:
        """SIGKILL the vector store, and start another one."""
        self.bench.kill("vectors")
        self.bench.start("vectors")
        return True

    def statuses(self) -> dict[str, int]:
        """How many runs are where."""
        return dict(Counter(Run.objects.values_list("status", flat=True)))

    def _prompt(self, number: int) -> str:
        size = "" if number % FULL_EVERY == 0 else f"{SMALL} "
        return f"A {size}tool that adds the numbers it is given ({number})"

    def _signal_worker(self, number: int) -> int | None:
        """Send a signal to the worker of some running run; never to an idle one, which nobody could tell."""
        running = list(Run.objects.filter(status=RunStatus.RUNNING).order_by("pk"))
        self._source.shuffle(running)
        for run in running:
            pid = int(run.lease_owner.split("/")[2])
            with suppress(ProcessLookupError):
                if os.getsid(pid) == self.bench.processes["cluster"].pid:
                    os.kill(pid, number)
                    return pid
        return None

    def _replace_cluster(self) -> None:
        self.bench.kill("cluster")
        self.bench.start("cluster")

    def _wake(self, *, everybody: bool = False) -> None:
        due = [one for one in self._asleep if everybody or one[0] <= time.monotonic()]
        for one in due:
            self._asleep.remove(one)
            with suppress(ProcessLookupError):
                os.kill(one[1], signal.SIGCONT)


@contextmanager
def chaos(environment: dict[str, str], folder: Path, *, seed: int, workers: int, lease: int) -> Iterator[Chaos]:
    """A cluster, a reaper and a vector store, and the chaos to let loose on them."""
    environment = {**environment, "CHROMA_URL": f"http://127.0.0.1:{free_port()}", "COUNTING_MODEL_SECONDS": "0.4"}
    bench = Bench(environment, folder, workers=workers, lease=lease)
    with bench.started():
        bench.start("vectors")
        yield Chaos(bench, seed, lease)


def problems(runs: list[Run], *, patience: float = 60.0) -> list[str]:
    """Ends that are none of the faults' doing, what is left over, and what must never be."""
    found = [f"Run {run.pk} is {run.status}" for run in runs if run.status not in ENDED]
    found += [f"Run {run.pk}: {run.reason}" for run in runs if run.status == RunStatus.STOPPED]
    failed = [run for run in runs if run.status == RunStatus.FAILED]
    found += [f"Run {run.pk}: {run.reason}" for run in failed if not any(word in run.reason for word in EXCUSES)]
    until = time.monotonic() + patience
    while site_sandbox().present() and time.monotonic() < until:
        time.sleep(0.5)
    return found + violations()
