"""What rests on the database's own behaviour holds on PostgreSQL as well: claims, fences, events, recovery."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SUITES = ("claim", "reused_contents", "journal", "launch", "moves", "recovery", "text")


@pytest.fixture(scope="module")
def cluster() -> Iterator[int]:
    """The port of a PostgreSQL server of our own, which refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert programs, "PostgreSQL is not installed; 'make test' as root installs it"
    # Not below pytest's own folder: each session that starts closes that one to all users but its own.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    data = folder / "data"
    make = [programs[-1] / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
    subprocess.run(make, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    serve = [programs[-1] / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"]
    server = subprocess.Popen(serve, user=user, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        _wait_for(programs[-1] / "pg_isready", port)
        yield port
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _wait_for(is_ready: Path, port: int) -> None:
    deadline = time.monotonic() + 240
    while subprocess.run([is_ready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        assert time.monotonic() < deadline, "PostgreSQL does not answer"
        time.sleep(0.1)


def _environment(port: int, database: str = "postgres") -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"postgres://postgres@127.0.0.1:{port}/{database}"}


def test_runs_are_stored_claimed_and_recovered_on_postgresql(cluster: int) -> None:
    files = [f"tests/generations/test_{name}.py" for name in SUITES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, env=_environment(cluster), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "skipped" not in done.stdout


def test_a_database_that_cannot_hold_every_text_is_refused_before_anything_is_made(cluster: int) -> None:
    make = "CREATE DATABASE narrow ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    subprocess.run(
        ["psql", "-q", "-h", "127.0.0.1", "-p", str(cluster), "-U", "postgres", "-c", make], check=True, timeout=240
    )
    command = [sys.executable, "manage.py", "migrate"]
    environment = _environment(cluster, "narrow")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "The database's encoding is SQL_ASCII" in done.stderr


# One process for each database: starting one costs seconds.
MAKE = """
import sys, django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
call_command("migrate", verbosity=0)
get_user_model().objects.create_superuser("me")
call_command("seed_runs", "7", user="me")
call_command("backup", sys.argv[1])
"""
TAKE = """
import sys, django, psycopg
django.setup()
from django.core.management import CommandError, call_command
from django.db import connection
from generations.models import Run

def restore(*options):
    try:
        call_command("restore", sys.argv[1], *options)
    except CommandError as error:
        print(error)

restore()
call_command("check_invariants")
restore()
with connection.cursor() as cursor:
    # What stands in the way lets the next one fail in the middle.
    cursor.execute("DELETE FROM generations_run WHERE number > 4; DROP TABLE django_q_schedule CASCADE")
    cursor.execute("CREATE VIEW django_q_schedule AS SELECT 1")
restore("--replace")
print("Runs:", Run.objects.count())
with psycopg.connect(**connection.get_connection_params()):
    restore("--replace")
"""
SAID = """Restored 1 projects with 7 runs
invariants hold
Add --replace
relation "django_q_schedule" already exists. Nothing was changed.
Runs: 4
The database has 1 other connections
"""


def test_a_backup_is_restored_whole_or_not_at_all_on_postgresql(cluster: int, tmp_path: Path) -> None:
    told = ""
    for database, script in (("first_one", MAKE), ("second_one", TAKE)):
        words = ["createdb", "-h", "127.0.0.1", "-p", str(cluster), "-U", "postgres", database]
        subprocess.run(words, check=True, timeout=240)
        environment = {**_environment(cluster, database), "AUTOCODER_VAR_DIR": str(tmp_path)}
        environment |= {"DJANGO_SETTINGS_MODULE": "autocoder_site.settings", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", script, str(tmp_path / "made.tar.gz")]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told += done.stdout
    lines = iter(told.splitlines())
    for wanted in SAID.splitlines():
        assert any(wanted in line for line in lines), (wanted, told)
