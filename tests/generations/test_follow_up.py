"""A change of a finished application from the page: what it took away is named, shown and brought back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from generations import launch
from generations.errors import LaunchError
from generations.models import Run, RunStatus
from generations.order import RunOrder
from generations.tasks import execute_run
from tests.factories import make_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]


@pytest.fixture
def finished(user: User, settings: Settings) -> Run:
    """An application that a scripted model wrote."""
    settings.SCRIPTED_PROVIDER = "tests.scripted_adder.CarelessModel"
    settings.SANDBOX = "docker"
    return executed(launch.start_run(user, RunOrder(prompt="Add numbers", profile="scripted"), deliver=False))


def executed(run: Run) -> Run:
    assert execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.status == RunStatus.SUCCEEDED, run.reason
    return run


def newest(user: User) -> Run:
    return Run.objects.filter(project__owner=user).latest("number")


def test_a_change_names_what_it_took_away_and_one_click_brings_it_back(
    client: Client, user: User, finished: Run
) -> None:
    client.force_login(user)
    client.post(reverse("run-follow-up", args=[finished.pk]), {"change": "Subtract instead"})
    changed = executed(newest(user))
    page = client.get(reverse("run", args=[changed.pk])).content.decode()
    assert "The change took something away" in page
    assert "function <code>add</code>" in page
    assert "test <code>test_nothing</code>" in page

    difference = client.get(reverse("run-changes", args=[changed.pk])).content.decode()
    assert "from #1 to #2" in difference
    assert "def subtract(a: float, b: float)" in difference
    assert 'class="went"' in difference

    client.post(reverse("run-restore", args=[changed.pk]), {"path": ["adder.py", "test_adder.py"]})
    restored = executed(newest(user))
    assert restored.number == 3
    assert restored.model_calls.count() == 0
    assert restored.tests_passed == 2
    page = client.get(reverse("run", args=[restored.pk])).content.decode()
    assert "Nothing was lost by the change" in page


def test_a_retry_of_a_change_changes_the_same_application(finished: Run) -> None:
    changed = launch.follow_up(finished, "Subtract instead")
    assert launch.retry_run(changed).settings == changed.settings


def test_only_files_that_were_there_before_can_be_restored(finished: Run) -> None:
    changed = executed(launch.follow_up(finished, "Subtract instead"))
    for paths in ([], ["../etc/passwd"], ["adder.py", "unknown.py"]):
        with pytest.raises(LaunchError, match="Choose files that were there before"):
            launch.restore_files(changed, paths)
    with pytest.raises(LaunchError, match="nothing to restore"):
        launch.restore_files(finished, ["adder.py"])


def test_a_change_of_what_never_was_starts_anew(user: User) -> None:
    broken = make_run(status=RunStatus.FAILED)
    follow = launch.follow_up(broken, "Subtract instead")
    assert "base" not in follow.settings
    assert follow.prompt.endswith("Subtract instead")


def test_changes_of_others_cannot_be_seen(client: Client, user: User, finished: Run) -> None:
    client.force_login(user)
    foreign = make_run(status=RunStatus.SUCCEEDED)
    assert client.get(reverse("run-changes", args=[foreign.pk])).status_code == 404
    assert client.get(reverse("run-changes", args=[finished.pk]), {"from": str(foreign.pk)}).status_code == 404
    assert client.post(reverse("run-restore", args=[foreign.pk]), {"path": "adder.py"}).status_code == 404
