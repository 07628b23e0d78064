"""The commands of operation."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from generations.models import Project, Run, RunStatus
from tests.factories import MINUTE, make_run

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.django_db
def test_seeding_makes_so_many_ended_runs_and_can_be_repeated(user: User) -> None:
    for _ in range(2):
        call_command("seed_runs", "45", "--user", user.get_username(), stdout=StringIO())
    assert (Run.objects.for_user(user).count(), Project.objects.for_user(user).count()) == (90, 6)
    assert not Run.objects.active().exists()


@pytest.mark.django_db
def test_seeding_for_nobody_says_what_to_do() -> None:
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("seed_runs", "1", "--user", "nobody")


def test_the_reaper_works_until_it_is_told_to_end(process_environment: dict[str, str]) -> None:
    lost = make_run(
        status=RunStatus.RUNNING, lease_owner="elsewhere", lease_expires_at=timezone.now() - MINUTE, fence=1
    )
    reaper = subprocess.Popen(
        [sys.executable, "manage.py", "recover_runs", "--forever"], cwd=ROOT, env=process_environment
    )
    try:
        until = time.monotonic() + 240
        while Run.objects.get(pk=lost.pk).status != RunStatus.QUEUED:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert reaper.poll() is None
        reaper.send_signal(signal.SIGTERM)
        assert reaper.wait(60) == 0
    finally:
        reaper.kill()
