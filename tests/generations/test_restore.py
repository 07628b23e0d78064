"""A backup is put back whole or not at all, over nothing that is still needed and under nobody who is at work."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse

from agents.types import StageName
from generations.backup.processes import processes_of_the_site
from generations.endings import end
from generations.invariants import violations
from generations.models import Preview, PreviewStatus, Run, RunStatus
from tests.bench import ROOT
from tests.breaking import FOLDER, RemoteControl
from tests.factories import claim, make_checkpoints, make_project, make_run, make_user
from tests.generations.test_backup import backup, installation, restore  # noqa: F401 - a fixture
from tests.generations.test_journal import call

pytestmark = pytest.mark.django_db(transaction=True)


def failed_run(*stages: StageName) -> Run:
    """A run that failed after these stages."""
    journal = claim(make_run(settings={}))
    make_checkpoints(journal, *stages)
    end(journal, RunStatus.FAILED, "So it was.")
    return journal.run


def test_what_was_going_on_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    running, waiting = claim(make_run(settings={})), failed_run(StageName.CODE)
    make_checkpoints(running, StageName.REQUIREMENTS)
    running.record_call(call(outcome="in flight"))
    shown = {"user": running.run.project.owner, "run": running.run, "checkpoint": running.run.checkpoints.get()}
    preview = Preview.objects.create(**shown, status=PreviewStatus.RUNNING)
    made = backup(tmp_path)
    # The worker that is left over from before has gone on meanwhile, and dies.
    make_checkpoints(running, StageName.STRUCTURE)
    Run.objects.filter(pk=running.run.pk).update(lease_expires_at="2001-01-01T00:00Z")
    restore(made, "--replace")
    run = Run.objects.get(pk=running.run.pk)
    assert (run.status, run.lease_owner, run.attempts) == (RunStatus.QUEUED, "", 0)
    assert [row.outcome for row in run.model_calls.all()] == ["lost"]
    assert "Restored from the backup of" in run.events.latest("seq").payload["text"]
    assert "ended with the backup" in Preview.objects.get(pk=preview.pk).reason
    assert Run.objects.get(pk=waiting.pk).status == RunStatus.FAILED
    assert violations() == []
    again = claim(run)
    assert again.last_state()[0].done == (StageName.REQUIREMENTS,)
    # What the old worker holds is never again a valid claim, however often the run is lost from now on.
    assert again.run.fence > running.run.fence + 100


def test_what_is_there_is_replaced_only_when_that_is_said(tmp_path: Path, client: Client) -> None:
    user = make_user("before", password="some-password-1")
    client.force_login(user)
    made = backup(tmp_path)
    make_project(make_user("later"))
    with pytest.raises(CommandError, match="Add --replace"):
        restore(made)
    assert User.objects.count() == 2
    said = restore(made, "--replace")
    assert said.startswith("Restored 0 projects with 0 runs")
    assert [one.username for one in User.objects.all()] == ["before"]
    # Who was signed in when it was made has to sign in again.
    assert client.get(reverse("home")).status_code == 302
    # Now there is nothing but the first person, as in a new installation.
    restore(made)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


def rewritten(path: Path, change: Callable[[dict[str, object], bytes], tuple[object, bytes]]) -> None:
    """Pack the backup again with another manifest or another database."""
    with tarfile.open(path) as archive:
        parts = {name: archive.extractfile(name).read() for name in ("manifest.json", "database")}  # type: ignore[union-attr]
    manifest, database = change(json.loads(parts["manifest.json"]), parts["database"])
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("manifest.json", json.dumps(manifest).encode()), ("database", database)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def take_another_database(path: Path) -> None:
    rewritten(path, lambda manifest, database: (manifest, database[:-1] + b"!"))


def come_from_later_code(path: Path) -> None:
    later = "generations.9999_later"
    rewritten(path, lambda told, database: ({**told, "migrations": [*told["migrations"], later]}, database))  # type: ignore[misc]


def have_a_later_format(path: Path) -> None:
    rewritten(path, lambda manifest, database: ({**manifest, "format": 2}, database))


def come_from_postgresql(path: Path) -> None:
    rewritten(path, lambda manifest, database: ({**manifest, "engine": "postgresql"}, database))


def lack_a_field(path: Path) -> None:
    rewritten(path, lambda manifest, database: ({"format": 1}, database))


def be_another_archive(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(__file__, "something.py")


WRONG = [
    (cut, "no backup of Autocoder, or only a part of one"),
    (flip, "no backup|damaged"),
    (empty, "no backup"),
    (remove, "There is no file"),
    (be_another_archive, "no backup"),
    (lack_a_field, "no backup"),
    (take_another_database, "not what was stored"),
    (have_a_later_format, "Update it first"),
    (come_from_later_code, "made by a newer version"),
    (come_from_postgresql, "of the kind 'postgresql'"),
]


@pytest.mark.parametrize(("spoil", "sentence"), WRONG)
def test_a_backup_that_cannot_be_taken_is_refused_and_nothing_is_changed(
    spoil: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    made = backup(tmp_path)
    make_user("later")
    spoil(made)
    with pytest.raises(CommandError, match=sentence) as refused:
        restore(made, "--replace")
    assert str(refused.value).endswith("Nothing was changed.")
    assert User.objects.filter(username="later").exists()
    assert list(site.VAR_DIR.iterdir()) == []


def manage(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the project in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_restore_that_is_killed_half_way_changes_nothing(tmp_path: Path, process_environment: dict[str, str]) -> None:
    failed_run(StageName.CODE)
    made = backup(tmp_path)
    later = failed_run(StageName.CODE, StageName.EXTRAS)
    breaking = {
        **process_environment,
        FOLDER: str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.settings_that_break",
        "AUTOCODER_VAR_DIR": str(site.VAR_DIR),
    }
    RemoteControl(tmp_path).order("database_restored", "kill", 2)
    assert manage(breaking, "restore", str(made), "--replace").returncode == -9
    assert (Run.objects.count(), Run.objects.get(pk=later.pk).checkpoints.count()) == (2, 2)
    assert violations() == []
    done = manage(breaking, "restore", str(made), "--replace")
    assert done.returncode == 0, done.stderr
    assert not Run.objects.filter(pk=later.pk).exists()
    assert violations() == []


def test_an_older_backup_is_brought_up_to_date(tmp_path: Path, process_environment: dict[str, str]) -> None:
    environment = process_environment | {"DATABASE_URL": f"sqlite:///{tmp_path}/old.db"}
    assert manage(environment, "migrate", "generations", "0009", "--verbosity=0").returncode == 0
    made = tmp_path / "old.tar.gz"
    assert manage(environment, "backup", str(made)).returncode == 0
    restore(made, "--replace")
    failed_run(StageName.CODE)
    assert violations() == []


@contextmanager
def reaper(environment: dict[str, str]) -> Iterator[int]:
    """A process of the site; gives its id."""
    words = [sys.executable, "manage.py", "recover_runs", "--forever"]
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_nothing_is_restored_under_the_feet_of_a_site_that_runs(
    tmp_path: Path, process_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(tmp_path)
    environment = process_environment | {"AUTOCODER_VAR_DIR": str(site.VAR_DIR)}
    monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    another = environment | {"DATABASE_URL": f"sqlite:///{tmp_path}/another.db"}
    with reaper(environment) as pid, reaper(another):
        until = time.monotonic() + 240
        while not processes_of_the_site():
            assert time.monotonic() < until
            time.sleep(0.05)
        with pytest.raises(CommandError, match=rf"The site runs \(reaper {pid}\). Stop the site"):
            restore(made, "--replace")
    journal = claim(make_run(settings={}))
    with pytest.raises(CommandError, match=r"Workers hold runs \(test-worker\). Stop the site"):
        restore(made, "--replace")
    end(journal, RunStatus.FAILED, "")
    restore(made, "--replace")
