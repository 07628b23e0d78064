"""A worker that was told to end takes nothing new and gives back what it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from agents.types import StageName
from generations import draining
from generations.models import ModelProbe, OwnEndpoint, ProbeStatus, RunStatus
from generations.offers import offer_of
from generations.probes import execute_next_probe, start_probe
from generations.tasks import execute_next
from tests.agents.probing.tried_model import tried, whole_file
from tests.agents.providers.endpoint import Endpoint, Talk, stream, words
from tests.factories import claim, make_checkpoints, make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _goes_on_afterwards() -> Iterator[None]:
    yield
    draining.withdraw()


@pytest.fixture
def served(settings: Settings) -> Iterator[Endpoint]:
    started = Endpoint()
    settings.ALLOWED_ENDPOINT_HOSTS = [f"127.0.0.1:{started.port}"]
    yield started
    started.close()


def test_a_run_is_left_to_another_worker_which_is_woken() -> None:
    run = make_run()
    draining.begin(60)
    execute_next()
    run.refresh_from_db()
    assert (run.status, run.fence) == (RunStatus.QUEUED, 0)
    assert OrmQ.objects.count() == 1
    run.delete()
    OrmQ.objects.all().delete()
    execute_next()
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(("stage", "leaves"), [(StageName.CODE, True), (StageName.EXECUTION, False)])
def test_a_run_is_left_at_a_checkpoint_but_not_at_its_last(stage: StageName, *, leaves: bool) -> None:
    journal = claim(make_run())
    draining.begin(60)
    make_checkpoints(journal, stage)
    assert journal.stop_requested() is leaves


def test_no_test_of_a_model_is_begun(user: User, served: Endpoint) -> None:
    tried(served)
    row = asked(user, served)
    OrmQ.objects.all().delete()
    draining.begin(60)
    execute_next_probe()
    row.refresh_from_db()
    assert row.status == ProbeStatus.QUEUED


def test_a_test_of_a_model_that_takes_longer_is_made_by_another_worker(user: User, served: Endpoint) -> None:
    def late(text: str, nonce: str) -> Any:
        def script(talk: Talk) -> None:
            draining.begin(0)
            stream(*words(whole_file(text, nonce)))(talk)

        return script

    tried(served, edits=late)
    row = asked(user, served)
    execute_next_probe()
    row.refresh_from_db()
    assert (row.status, row.worker, row.findings) == (ProbeStatus.QUEUED, "", [])
    draining.withdraw()
    tried(served)
    execute_next_probe()
    row.refresh_from_db()
    assert row.status == ProbeStatus.DONE
    assert row.findings


def asked(user: User, served: Endpoint) -> ModelProbe:
    own = OwnEndpoint.objects.create(owner=user, name="Mine", base_url=served.url, model="m")
    return start_probe(user, offer_of(user, own.provider, "m"), owner=user)
