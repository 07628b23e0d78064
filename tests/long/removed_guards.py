"""Takes guards away one at a time and shows that a test turns red: python -m tests.long.removed_guards [WORD]. By hand.

Works on a copy of the project. With a word, only guards with that word in their names. Exits with 1 when fewer than
95 in 100 were noticed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.long.guards_to_remove import GUARDS
from tests.long.guards_within import Guard

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 0.95
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", "node_modules", ".mypy_cache", ".ruff_cache")


def without(guard: Guard, copy: Path) -> tuple[bool, str]:
    """Whether the tests notice that it is gone, and the first that does."""
    path = copy / guard.file
    whole = path.read_text()
    if guard.old not in whole:
        return False, "IS NOT THERE: bring the list up to date"
    path.write_text(whole.replace(guard.old, guard.new, 1))
    try:
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *guard.tests]
        done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False, timeout=900)
    except subprocess.TimeoutExpired:
        return False, "the tests never ended"
    finally:
        path.write_text(whole)
    red = re.search(r"^(?:FAILED|ERROR) \S+?::(\S+)", done.stdout, re.MULTILINE)
    if done.returncode == 1 and red:
        return True, red[1]
    return False, "every test passed" if done.returncode == 0 else done.stdout[-200:].replace("\n", " ")


def main() -> int:
    """Print a line for each guard, and how many were noticed."""
    wanted = [guard for guard in GUARDS if len(sys.argv) < 2 or sys.argv[1] in guard.name]
    noticed = 0
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
        for guard in wanted:
            started = time.monotonic()
            red, by = without(guard, copy)
            noticed += red
            sys.stdout.write(
                f"{'red ' if red else 'MISSED'} {guard.name[:58]:58} {time.monotonic() - started:5.0f} s  {by[:70]}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{noticed} of {len(wanted)} noticed\n")
    return 0 if noticed >= ENOUGH * len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
