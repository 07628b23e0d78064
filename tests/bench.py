"""A queue cluster and a reaper on a test's database, whose workers break on order, and what must hold afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

from agents.asking import nonce_for
from generations.invariants import violations
from generations.launch import RunOrder, start_run
from generations.models import ModelCall, Run, RunEvent
from generations.recovery import remove_orphaned_sandboxes
from generations.wiring import site_sandbox
from tests.breaking import FOLDER, RemoteControl
from tests.counting_model import calls

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300.0
MODEL = "tests.counting_model.CountingModel"
HIDDEN = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
STAGES = 8

# Where a worker is killed, and at which passing of the point: so that something was paid for and stored before.
POINTS = {
    "claim": 1,
    "before_call": 2,
    "mid_stream": 6,
    "after_answer": 2,
    "answer_saved": 2,
    "files_staged": 3,
    "files_committed": 3,
    "container_created": 1,
    "container_finished": 2,
    "memory_upsert": 1,
    "event_append": 12,
    "final_state": 1,
}


@dataclass
class _Run:
    """All that Question's nonce needs of a run."""

    run: str


class Bench:
    """Starts and ends the processes, and orders runs. ``hidden`` puts the workers where the reaper cannot see them."""

    def __init__(
        self, environment: dict[str, str], folder: Path, *, workers: int = 1, lease: int = 30, hidden: bool = False
    ) -> None:
        self.control = RemoteControl(folder)
        self.folder = folder
        self.environment = {
            **environment,
            FOLDER: str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.settings_that_break",
            "SCRIPTED_PROVIDER": MODEL,
            "WORKERS": str(workers),
            "LEASE_SECONDS": str(lease),
        }
        self._hidden = HIDDEN if hidden else ()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def started(self, *names: str) -> Iterator[Bench]:
        """A cluster and a reaper, or what is named, ended with all their children."""
        for name in names or ("cluster", "reaper"):
            self.start(name)
        try:
            yield self
        finally:
            self.control.withdraw()
            for name in list(self.processes):
                self.kill(name)
            remove_orphaned_sandboxes()

    def start(self, name: str) -> None:
        """Start a cluster, a worker with its watchdog ('worker-2' is another), a reaper, or a vector store."""
        port = self.environment["CHROMA_URL"].rpartition(":")[2]
        chroma = (str(Path(sys.executable).parent / "chroma"), "run", "--port", port, "--path", f"{self.folder}/chroma")
        words = {
            "cluster": (*self._hidden, sys.executable, "manage.py", "qcluster"),
            "worker": (sys.executable, "manage.py", "run_worker"),
            "reaper": (sys.executable, "manage.py", "recover_runs", "--forever"),
            "vectors": (*chroma, "--host", "127.0.0.1"),
        }[name.partition("-")[0]]
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            words, cwd=ROOT, env=self.environment, start_new_session=True, stdout=log, stderr=log
        )
        log.close()

    def kill(self, name: str) -> None:
        """Kill one of them with all its children."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def order(self, owner: User, prompt: str = "A tool that adds the numbers it is given") -> Run:
        """Order a run and wake a worker."""
        return start_run(owner, RunOrder(prompt=prompt, profile="scripted"))

    def calls_of(self, run: Run) -> list[str]:
        """What the model was asked for a run, once for each time it was."""
        nonce = nonce_for(_Run(str(run.pk)))  # type: ignore[arg-type]
        return [f"{call['purpose']} {call['asked']}" for call in calls(self.folder) if call["nonce"] == nonce]


def wait_for(run: Run, condition: Callable[[Run], object]) -> None:
    """Until the condition holds; fails with the end of the run's log."""
    until = time.monotonic() + PATIENCE
    while True:
        run.refresh_from_db()
        if condition(run):
            return
        if time.monotonic() > until:
            log = "\n".join(str(event.payload) for event in RunEvent.objects.filter(run=run).order_by("-seq")[:10])
            raise AssertionError(f"{run.status} {run.reason}\n{log}")
        time.sleep(0.1)


def ended(run: Run) -> bool:
    """Whether the run is at its end."""
    return run.ended


def complaints(bench: Bench, run: Run, undisturbed: Run, lost: int = 1) -> list[str]:
    """What an interruption cost that it must not cost; empty when nothing but time and ``lost`` calls."""
    found = []
    if (run.status, run.reason) != (undisturbed.status, undisturbed.reason):
        found.append(f"it ended as {run.status}: {run.reason}")
    stages = Counter(run.checkpoints.filter(status="succeeded").values_list("stage", flat=True))
    if len(stages) != STAGES or set(stages.values()) != {1}:
        found.append(f"its stages are {dict(stages)}")
    elif run.checkpoints.last().tree != undisturbed.checkpoints.last().tree:  # type: ignore[union-attr]
        found.append("its files differ")
    numbers = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"its events are numbered {numbers}")
    asked, usual = Counter(bench.calls_of(run)), len(bench.calls_of(undisturbed))
    if asked.total() > usual + lost or max(asked.values()) > 1 + lost:
        found.append(f"the model was asked {dict(asked)}, undisturbed {usual} times")
    if ModelCall.objects.filter(run=run, outcome="lost").count() > lost:
        found.append("more calls were lost than could be")
    return found + violations()


def no_sandbox_is_left(run: Run) -> bool:
    """Whether the run's containers are gone."""
    return not any(name == str(run.pk) for name, _fence in site_sandbox().present())


def recovery_seconds(bench: Bench, run: Run) -> float | None:
    """From the kill to the first sign of the next worker; None when the run had nothing left to do."""
    killed = float(str(bench.control.fired()[-1]["at"]))
    later = RunEvent.objects.filter(run=run, kind="run_started").order_by("seq").values_list("at", flat=True)
    after = [at.timestamp() for at in later if at.timestamp() > killed]
    return after[0] - killed if after else None
