"""Each run is taken by one worker at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from generations.models import Run, RunStatus
from tests.factories import MINUTE, make_project, make_run

CLAIM_ALL = """
import sys, django
django.setup()
from datetime import timedelta
from generations.models import Run
print("ready", flush=True)
sys.stdin.readline()
while waiting := list(Run.objects.filter(status="queued").order_by("queued_at").values_list("pk", flat=True)[:20]):
    for pk in waiting:
        if Run.objects.claim(pk, worker=sys.argv[1], lease=timedelta(minutes=1)):
            print(pk)
"""


@pytest.mark.django_db(transaction=True)
def test_sixteen_threads_claim_each_run_once() -> None:
    project = make_project()
    runs = [make_run(project).pk for _ in range(20)]
    start = threading.Barrier(16)

    def claim_all(worker: int) -> list[UUID]:
        start.wait()
        try:
            return [pk for pk in runs if Run.objects.claim(pk, worker=f"w{worker}", lease=MINUTE)]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        claimed = [pk for taken in pool.map(claim_all, range(16)) for pk in taken]
    assert sorted(claimed) == sorted(runs)
    assert set(Run.objects.values_list("fence", "attempts", "status")) == {(1, 1, RunStatus.RUNNING)}


def test_sixteen_processes_claim_a_thousand_runs_once_each(process_environment: dict[str, str]) -> None:
    project = make_project()
    made = [Run(project=project, number=number, prompt="Race") for number in range(1, 1_001)]
    runs = {str(run.pk) for run in Run.objects.bulk_create(made)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM_ALL, f"w{n}"],
            env=process_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(16)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    claimed = [line for worker in workers for line in worker.communicate(timeout=240)[0].split()]
    assert sorted(claimed) == sorted(runs)
    assert set(Run.objects.values_list("fence", "attempts")) == {(1, 1)}


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_an_owner_holds_when_claims_meet() -> None:
    project = make_project()
    runs = [make_run(project).pk for _ in range(8)]
    start = threading.Barrier(8)

    def claim(pk: UUID) -> bool:
        start.wait()
        try:
            return Run.objects.claim(pk, worker=str(pk), lease=MINUTE, per_owner=3) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, runs)) == 3


@pytest.mark.django_db
def test_a_claim_sets_lease_fence_and_attempts() -> None:
    run = make_run(reason="waited")
    claimed = Run.objects.claim(run.pk, worker="me", lease=timedelta(seconds=30))
    assert claimed is not None
    assert (claimed.status, claimed.lease_owner, claimed.fence, claimed.attempts) == (RunStatus.RUNNING, "me", 1, 1)
    assert claimed.lease_expires_at is not None
    assert 25 < (claimed.lease_expires_at - timezone.now()).total_seconds() <= 31
    assert claimed.reason == ""


@pytest.mark.django_db
def test_a_run_that_was_asked_to_stop_is_not_claimed() -> None:
    run = make_run(stop_requested_at=timezone.now())
    assert Run.objects.claim(run.pk, worker="me", lease=MINUTE) is None


@pytest.mark.django_db
@pytest.mark.parametrize("status", [s for s in RunStatus.values if s != RunStatus.QUEUED])
def test_only_queued_runs_are_claimed(status: str) -> None:
    assert Run.objects.claim(make_run(status=status).pk, worker="me", lease=MINUTE) is None
