"""Runs all tests: their files side by side, then once more, alone, the few that failed in company."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from autocoder_site.setup import ROOT
from autocoder_site.setup.environment import PYTHON

MOST_PROCESSES = 4
IN_FILES = ("--dist", "loadfile", "--no-loadscope-reorder")
# More than these are no accident of a busy machine.
MOST_AGAIN = 5
SOME_FAILED = 1


def run_all(folder: Path = ROOT, python: Path = PYTHON) -> int:
    """The exit code of pytest. What failed in company and passed alone is named in the end."""
    # Most of the time goes by with waiting for processes and containers, so there may be more files than processors.
    processes = min((os.cpu_count() or 1) + 1, MOST_PROCESSES)
    code = _pytest(folder, python, "--cache-clear", "-n", str(processes), *IN_FILES)
    failed = _failed(folder)
    if code != SOME_FAILED or not 0 < len(failed) <= MOST_AGAIN:
        return code
    names = "\n".join(f"  {name}" for name in failed)
    print(f"\nThese failed beside other tests and run once more, alone:\n{names}", flush=True)
    code = _pytest(folder, python, "--last-failed")
    if code == 0:
        print(f"\nThese failed beside others and passed alone, so something makes them unsure:\n{names}", flush=True)
    return code


def _failed(folder: Path) -> list[str]:
    """The tests that pytest noted as failed."""
    try:
        noted: dict[str, bool] = json.loads((folder / ".pytest_cache/v/cache/lastfailed").read_text())
    except FileNotFoundError:
        return []
    return sorted(noted)


def _pytest(folder: Path, python: Path, *words: str) -> int:
    return subprocess.run([str(python), "-m", "pytest", *words], cwd=folder, check=False).returncode
