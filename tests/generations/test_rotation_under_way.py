"""The encryption key is changed while ten runs work in real processes: none fails, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from agents.providers.base import Request
from generations import launch
from generations.keys import get_key, set_key
from generations.models import KeptReply, ModelCall, ProviderKey, Run, RunStatus
from generations.order import RunOrder
from generations.recovery import recover_lost_runs
from tests.agents.engine import Model
from tests.breaking import FOLDER, RemoteControl
from tests.counting_model import SMALL_PLAN, SMALL_TEST
from tests.factories import make_user
from tests.model_endpoint import model_endpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]
ROOT = Path(__file__).resolve().parent.parent.parent
RUNS, INTERRUPTED, WORKERS, ANSWERS, PATIENCE = 10, 1, 2, 8, 900.0
LIVE = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING)
WORK = """
import time, django
django.setup()
from generations.models import Run
from generations.recovery import recover_lost_runs
from generations.tasks import execute_next
while Run.objects.filter(status__in=("queued", "running", "waiting")).exists():
    recover_lost_runs()
    execute_next()
    time.sleep(0.1)
"""


class Rotating:
    """Processes that share a file with their encryption keys."""

    def __init__(self, environment: dict[str, str], folder: Path, *keys: str) -> None:
        self._file, self._clock = folder / "keys.env", 0
        self.write(*keys)
        self.control = RemoteControl(folder)
        self._environment = environment | {
            "TEST_ENV_FILE": str(self._file),
            "DJANGO_SETTINGS_MODULE": "tests.settings_with_env_file",
            "LEASE_SECONDS": "3",
            FOLDER: str(folder),
        }

    def write(self, *keys: str) -> None:
        """Change the file, as a person does it in an editor."""
        self._file.write_text(f"ENCRYPTION_KEYS={','.join(keys)}\n")
        self._clock += 10**9
        os.utime(self._file, ns=(self._clock, self._clock))

    def worker(self) -> subprocess.Popen[bytes]:
        """A process that executes runs until there are none."""
        return subprocess.Popen([sys.executable, "-c", WORK], env=self._environment, cwd=ROOT)

    def rotate(self) -> subprocess.CompletedProcess[str]:
        """What the administrator calls."""
        return subprocess.run(
            [sys.executable, "manage.py", "rotate_keys"],
            env=self._environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, list(Run.objects.values_list("status", "reason"))
        time.sleep(0.05)


class Gated(Model):
    """Answers a few questions; whoever asks more waits until the gate is opened."""

    def __init__(self, answers: int) -> None:
        super().__init__({"test_adder.py": SMALL_TEST}, SMALL_PLAN)
        self.gate, self._left = threading.Event(), threading.Semaphore(answers)

    def usual(self, request: Request) -> str:
        """The answer, when it may be given."""
        if not self._left.acquire(blocking=False):
            self.gate.wait(PATIENCE)
        return super().usual(request)


def test_nothing_is_lost_by_a_rotation_while_ten_runs_work(
    process_environment: dict[str, str], tmp_path: Path, settings: Settings
) -> None:
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.MODEL_PROVIDER = settings.SCRIPTED_PROVIDER = ""
    with model_endpoint() as endpoint:
        settings.CUSTOM_BASE_URL, settings.CUSTOM_MODEL = endpoint.base_url, "small"
        site = {"CUSTOM_BASE_URL": endpoint.base_url, "CUSTOM_MODEL": "small"}
        rotating = Rotating(process_environment | site, tmp_path, old)
        endpoint.model = Gated(ANSWERS + INTERRUPTED)
        interrupted = [_interrupted(rotating) for _ in range(INTERRUPTED)]
        _rotate_under_way(rotating, endpoint.model, old, new)
        for run in interrupted:
            launch.resume_run(run)
        assert rotating.worker().wait(timeout=PATIENCE) == 0
    settings.ENCRYPTION_KEYS = [new]
    owners = {run.project.owner for run in Run.objects.select_related("project__owner")}
    assert len(owners) == RUNS + INTERRUPTED
    assert all(get_key(owner, "custom") == key_of(owner) for owner in owners)
    assert {asked["key"] for asked in endpoint.asked} == {f"Bearer {key_of(owner)}" for owner in owners}
    # The tests of these small applications leave no report, so that is the best there can be.
    assert set(Run.objects.values_list("status", flat=True)) == {RunStatus.UNVERIFIED}
    # What had been paid for before the rotation was used after it, without the old key.
    for run in interrupted:
        assert run.model_calls.filter(outcome="reused").exists()
    # Only the worker that was killed may have asked in vain.
    in_vain = ModelCall.objects.filter(outcome="lost").count()
    assert in_vain <= 1
    assert len(endpoint.asked) == ModelCall.objects.exclude(outcome="reused").count()


def key_of(owner: User) -> str:
    return f"key-of-{owner.username}-0123456789"


def ordered() -> Run:
    """A run of somebody with a key of their own."""
    owner = make_user()
    set_key(owner, "custom", key_of(owner))
    return launch.start_run(owner, RunOrder(prompt="A small tool that adds numbers", profile="custom"), deliver=False)


def _interrupted(site: Rotating) -> Run:
    """A paused run whose worker was killed when it had just paid for an answer."""
    run = ordered()
    site.control.order("answer_saved")
    assert site.worker().wait(timeout=PATIENCE) == -signal.SIGKILL
    assert KeptReply.objects.filter(run=run).exists()
    launch.request_pause(run)
    recover_lost_runs()
    run.refresh_from_db()
    assert run.status == RunStatus.PAUSED
    return run


def _rotate_under_way(site: Rotating, model: Gated, old: str, new: str) -> None:
    for _ in range(RUNS):
        ordered()
    workers = [site.worker() for _ in range(WORKERS)]
    try:
        wait_for(lambda: ModelCall.objects.filter(outcome="ok").count() > ANSWERS // 2)
        site.write(new, old)
        site.control.order("keys_rotated")
        assert site.rotate().returncode == -signal.SIGKILL, "killed between keys and answers"
        done = site.rotate()
        assert done.returncode == 0, done.stderr
        assert "the others are not needed now" in done.stdout
        assert _all_open_with(new)
        assert Run.objects.filter(status__in=LIVE).count() >= RUNS // 2, "they worked meanwhile"
        site.write(new)
        # One worker dies with what it had; what follows it knows the new key only.
        workers[0].kill()
        workers[0].wait()
        workers[0] = site.worker()
        model.gate.set()
        wait_for(lambda: not Run.objects.filter(status__in=LIVE).exists())
        assert [worker.wait(timeout=240) for worker in workers] == [0] * WORKERS
    finally:
        for worker in workers:
            worker.kill()


def _all_open_with(key: str) -> bool:
    one = Fernet(key)
    tokens = [*ProviderKey.objects.values_list("ciphertext", flat=True)]
    tokens += [bytes(sealed) for sealed in KeptReply.objects.values_list("sealed", flat=True)]
    return all(one.decrypt(token) for token in tokens)
