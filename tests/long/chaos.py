"""The long version of the chaos: many runs, random faults, and every run comes to a true end.

    python -m pytest -s tests/long/chaos.py

``RUNS`` (100) runs, a fault every ``EVERY`` (20) seconds, ``WORKERS`` (3), ``LEASE`` (30) seconds, ``SEED``, and
``PATIENCE`` (7200) seconds for all of it.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.bench import MODEL
from tests.chaos import chaos, problems
from tests.long.kill_points import say

RUNS, EVERY = int(os.environ.get("RUNS", "100")), float(os.environ.get("EVERY", "20"))
WORKERS, LEASE = int(os.environ.get("WORKERS", "3")), int(os.environ.get("LEASE", "30"))
SEED, PATIENCE = int(os.environ.get("SEED", "1")), float(os.environ.get("PATIENCE", "7200"))


@pytest.mark.sandbox
def test_chaos(process_environment: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    settings.SCRIPTED_PROVIDER = MODEL
    started = time.monotonic()
    with chaos(process_environment, tmp_path, seed=SEED, workers=WORKERS, lease=LEASE) as loose:
        loose.say = say
        runs = loose.run(RUNS, EVERY, PATIENCE)
        found = problems(runs)
    ends = Counter((run.status, run.reason.split(".")[0]) for run in runs)
    say(f"{len(runs)} runs in {time.monotonic() - started:.0f} s under {dict(loose.faults)}")
    for (status, reason), count in ends.most_common():
        say(f"{count:4} {status}: {reason}")
    say(f"{len(found)} violations")
    assert found == []
