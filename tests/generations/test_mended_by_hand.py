"""A run that failed is mended by hand and proved, from the page, with a real container and without asking the model."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from agents.types import StageName
from generations import launch
from generations.models import Project, Run, RunStatus
from generations.order import RunOrder
from generations.tasks import execute_run
from generations.versions import current_of
from tests.agents.engine import FILES
from tests.factories import newest_of


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.sandbox
def test_a_mistake_is_mended_by_hand_and_only_the_last_stages_run_again(
    client: Client, user: User, settings: Settings
) -> None:
    settings.SCRIPTED_PROVIDER = "tests.halting_models.MistakenModel"
    settings.SANDBOX = "docker"
    client.force_login(user)
    run = launch.start_run(user, RunOrder(prompt="Add numbers", profile="scripted"), deliver=False)
    assert execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED, run.reason

    checkpoint = newest_of(run, StageName.EXECUTION)
    edit = reverse("checkpoint-edit", args=[checkpoint.pk])
    seen = hidden(client.get(edit, {"path": "adder.py"}).content.decode(), "seen")
    client.post(edit, {"path": "adder.py", "seen": seen, "text": FILES["adder.py"].replace("\n", "\r\n")})
    dialog = client.get(reverse("checkpoint-again", args=[checkpoint.pk])).content.decode()
    assert re.findall(r"<strong>(\w+)</strong> runs again", dialog) == ["validation", "formatting", "execution"]
    sent = {"profile": "scripted", "submission": str(uuid.uuid4()), "version": hidden(dialog, "version")}
    client.post(reverse("checkpoint-again", args=[checkpoint.pk]), sent)

    fork = Run.objects.get(parent=run)
    assert execute_run(str(fork.pk))
    fork.refresh_from_db()
    assert (fork.status, fork.tests_passed, fork.tests_failed) == (RunStatus.SUCCEEDED, 2, 0), fork.reason
    assert fork.model_calls.count() == 0
    stages = fork.events.filter(kind="stage_started").values_list("payload__stage", flat=True)
    assert list(stages) == ["validation", "formatting", "execution"]
    current = current_of(Project.objects.get(pk=run.project_id))
    assert current is not None
    assert current.run == fork
    page = client.get(reverse("run", args=[fork.pk])).content.decode()
    assert page.count('<span class="figure">reused</span>') == 5
    assert "changed by hand: adder.py" in page
