"""The short version of the chaos: twenty runs under random faults all come to a true end."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.bench import MODEL
from tests.chaos import chaos, problems

RUNS, EVERY, SEED, LEASE, PATIENCE = 20, 8.0, 5, 6, 900.0


@pytest.mark.sandbox
def test_runs_under_random_faults_come_to_a_true_end(
    process_environment: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    settings.SCRIPTED_PROVIDER = MODEL
    with chaos(process_environment, tmp_path, seed=SEED, workers=3, lease=LEASE) as loose:
        runs = loose.run(RUNS, EVERY, PATIENCE)
        assert problems(runs) == []
    assert len(runs) == RUNS
    assert loose.faults.total() > 0
