"""What is deleted is gone everywhere, in whatever state it was; what others need stays."""

from __future__ import annotations

import io
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.events import LogLine
from agents.memory.base import MemoryKind, Note
from agents.memory.chroma import ChromaIndex
from agents.types import SourceFile, StageName
from generations import deleting, editing, launch, tasks
from generations.artifacts import zip_of
from generations.memory_store import OwnerMemory, scope_of
from generations.models import Blob, MemoryEntry, ModelCall, Project, ProviderKey, Run, RunStatus
from generations.order import RunOrder, UploadedImage
from generations.wiring import site_sandbox
from tests.chroma_server import ChromaServer
from tests.factories import claim, make_checkpoints, make_project, make_run, make_user, newest_of

CANARY = "zaunkoenig"
PNG = b"\x89PNG\r\n\x1a\n" + CANARY.encode()
PATIENCE = 300.0


def filled(owner: User, status: str) -> Run:
    """A run that left its mark everywhere, in some status."""
    order = RunOrder(prompt=f"A {CANARY} API", name=CANARY, images=(UploadedImage(f"{CANARY}.png", PNG),))
    journal = claim(launch.start_run(owner, order))
    files = (SourceFile(f"{CANARY}.py", f"{CANARY} = 1\n".encode()),)
    make_checkpoints(journal, StageName.REQUIREMENTS, StageName.CODE, files=files)
    journal.record(LogLine(stage="code", text=CANARY))
    run = journal.run
    ModelCall.objects.create(run=run, seconds=1, request=[{"text": CANARY}], reply=CANARY)
    text = f"about {CANARY}"
    MemoryEntry.objects.create(owner=owner, run=run, kind="practice", title=CANARY, text=text, fingerprint=CANARY)
    editing.save_file(newest_of(run, StageName.CODE), "new.py", f"# {CANARY}, edited\n", "")
    journal.finish(RunStatus.FAILED, [], reason=CANARY)
    run = launch.resume_run(Run.objects.get(pk=run.pk))
    Run.objects.filter(pk=run.pk).update(status=status, lease_owner="w" if status == RunStatus.RUNNING else "")
    return Run.objects.select_related("project__owner").get(pk=run.pk)


def traces() -> list[str]:
    """Every row of every table, and every content, in which the canary still sings."""
    found = []
    for model in apps.get_models():
        for row in model.objects.values():
            texts = [str(value) for value in row.values()]
            if model is Blob:
                texts.append(Blob.objects.get(pk=row["sha256"]).content().decode(errors="replace"))
            if any(CANARY in text for text in texts):
                found.append(model.__name__)
    return found


def delete_the_run(client: Client, run: Run) -> None:
    client.post(reverse("run-delete", args=[run.pk]))
    client.post(reverse("project-delete", args=[run.project_id]))


def delete_the_project(client: Client, run: Run) -> None:
    client.post(reverse("project-delete", args=[run.project_id]))


def delete_the_account(client: Client, run: Run) -> None:
    client.post(reverse("account-delete"), {"name": run.project.owner.username})


def in_the_admin(model: str) -> Callable[[Client, Run], None]:
    def delete(client: Client, run: Run) -> None:
        pk = {"user": run.project.owner_id, "project": run.project_id, "run": run.pk}[model]
        client.force_login(make_user(is_staff=True, is_superuser=True))
        app = "auth" if model == "user" else "generations"
        sent = {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"}
        assert client.post(reverse(f"admin:{app}_{model}_changelist"), sent).status_code == 302
        if model == "run":
            client.post(reverse("admin:generations_project_delete", args=[run.project_id]), {"post": "yes"})

    return delete


WAYS = [delete_the_run, delete_the_project, delete_the_account, *map(in_the_admin, ("run", "project", "user"))]


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_whatever_state_the_run_is_in(way: Callable[[Client, Run], None], client: Client) -> None:
    other = filled(make_user(), RunStatus.FAILED)
    Project.objects.filter(pk=other.project_id).update(name="other", description="", slug="other")
    for status in RunStatus.values:
        owner = make_user()
        run = filled(owner, status)
        client.force_login(owner)
        before = Blob.objects.count()
        way(client, run)
        assert not Run.objects.filter(pk=run.pk).exists(), status
        # All contents were the other's too, and that one lost nothing.
        assert Blob.objects.count() == before, status
    deleting.delete_project(other.project)
    left = [name for name in traces() if name != "LogEntry"]
    assert left == []
    assert not Blob.objects.exists()


@pytest.mark.django_db
def test_the_page_says_what_goes_and_asks_first(client: Client) -> None:
    run = filled(make_user(), RunStatus.RUNNING)
    client.force_login(run.project.owner)
    for url in (reverse("run-delete", args=[run.pk]), reverse("project-delete", args=[run.project_id])):
        page = client.get(url).content.decode()
        assert "1 of them is still going on and will be stopped" in page
        assert "1 memory of what was learned" in page
    wrong = client.post(reverse("account-delete"), {"name": "somebody"})
    assert (wrong.status_code, "Type your user name" in wrong.content.decode()) == (422, True)
    assert Run.objects.filter(pk=run.pk).exists()


@pytest.mark.django_db
def test_the_last_administrator_stays(client: Client) -> None:
    boss = make_user(is_staff=True, is_superuser=True)
    client.force_login(boss)
    answer = client.post(reverse("account-delete"), {"name": boss.username})
    assert "last administrator" in answer.content.decode()
    client.post(reverse("admin:auth_user_delete", args=[boss.pk]), {"post": "yes"})
    assert User.objects.filter(pk=boss.pk).exists()
    make_user(is_superuser=True)
    client.post(reverse("account-delete"), {"name": boss.username})
    assert not User.objects.filter(pk=boss.pk).exists()


@pytest.mark.django_db
def test_what_belongs_to_somebody_else_is_not_deleted(client: Client) -> None:
    run = filled(make_user(), RunStatus.FAILED)
    client.force_login(make_user())
    for url in (reverse("run-delete", args=[run.pk]), reverse("project-delete", args=[run.project_id])):
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404
    assert Run.objects.filter(pk=run.pk).exists()


@pytest.mark.django_db
def test_a_person_goes_with_keys_and_memory_that_no_run_holds(user: User) -> None:
    ProviderKey.objects.create(owner=user, provider="custom", ciphertext="x", last_four="abcd")
    MemoryEntry.objects.create(owner=user, kind="practice", title="t", text="x", fingerprint="f")
    deleting.delete_user(user)
    assert (ProviderKey.objects.count(), MemoryEntry.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_download_that_is_under_way_ends_without_a_whole_archive(user: User) -> None:
    journal = claim(make_run(make_project(user)))
    files = tuple(SourceFile(f"{n}.txt", str(uuid.uuid4()).encode()) for n in range(9))
    make_checkpoints(journal, StageName.CODE, files=files)
    chunks = zip_of(journal.run.checkpoints.get())
    taken = next(chunks)
    deleting.delete_project(journal.run.project)
    with pytest.raises(Blob.DoesNotExist):
        taken += b"".join(chunks)
    assert not zipfile.is_zipfile(io.BytesIO(taken))


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
def test_a_project_is_deleted_while_its_code_runs_in_a_container(user: User, settings: Settings) -> None:
    settings.SCRIPTED_PROVIDER = "tests.halting_models.SleepingApplication"
    settings.SANDBOX = "docker"
    run = launch.start_run(user, RunOrder(prompt="Add numbers", profile="scripted"), deliver=False)

    def work() -> None:
        try:
            tasks.execute_run(str(run.pk))
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    until = time.monotonic() + PATIENCE
    while not run.events.filter(payload__text="I sleep now").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    deleting.delete_project(run.project)
    worker.join(PATIENCE)
    assert not worker.is_alive()
    assert site_sandbox().remove_orphans(set()) == 0
    rows = {model.__name__: model.objects.count() for model in apps.get_app_config("generations").get_models()}
    # What the site starts with, and what was spent of the day: deleting gives none of it back.
    for name in ("CatalogueModel", "CallLimit", "DaySpending"):
        rows.pop(name)
    assert set(rows.values()) == {0}, rows


class Letters:
    """Embeds a text by its first letters; no model is needed."""

    name = "letters"
    dimensions = 8

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [[float(ord(char)) for char in text.ljust(8)[:8]] for text in texts]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    started = ChromaServer(tmp_path / "chroma")
    yield started
    started.kill()


@pytest.mark.django_db
def test_the_vectors_of_what_was_learned_go_too(user: User, server: ChromaServer, settings: Settings) -> None:
    settings.CHROMA_URL = server.url
    kept, gone = make_run(make_project(user)), make_run(make_project(user))
    for run in (kept, gone):
        note = Note(MemoryKind.PRACTICE, f"of {run.pk}", f"{CANARY} {run.pk}")
        OwnerMemory(user, run, embedder=Letters()).learn(note)
    index, scope = ChromaIndex(server.url), scope_of(user.pk, "letters")
    assert len(index.query(scope, [1.0] * 8, 10)) == 2
    deleting.delete_project(gone.project)
    left = [hit.entry for hit in index.query(scope, [1.0] * 8, 10)]
    assert left == [str(MemoryEntry.objects.get(run=kept).pk)]
    deleting.delete_user(user)
    assert index.query(scope, [1.0] * 8, 10) == []
