"""A project has a current version: any complete one can take that place, and follow-ups begin from it."""

from __future__ import annotations

import zlib

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from agents.context import StageMeasures
from agents.evidence import Outcome, Verdict
from agents.types import SourceFile, StageName
from generations import launch
from generations.deleting import delete_run
from generations.endings import end_with_verdict
from generations.errors import LaunchError
from generations.models import Blob, Origin, Project, Run, RunStatus
from generations.versions import current_of, make_current
from tests.factories import claim, make_project, make_run, make_run_at_rest, make_state, make_user, newest_of

pytestmark = pytest.mark.django_db
ALL = tuple(StageName)


@pytest.fixture
def project(user: User) -> Project:
    return make_project(user)


def ended(project: Project, outcome: Outcome = Outcome.SUCCEEDED, **fields: object) -> Run:
    """A run that went through all stages and was judged."""
    journal = claim(make_run(project, **fields))
    verdict = Verdict(outcome=outcome, reason="So it is.")
    state = make_state(journal.run, *ALL, verdict=verdict)
    number = journal.run.number
    files = (SourceFile("main.py", f"RUN = {number}\n".encode()),)
    journal.checkpoint(StageName.EXECUTION, state, files, StageMeasures(seconds=1))
    end_with_verdict(journal, state)
    return Run.objects.select_related("project").get(pk=journal.run.pk)


def current_run(project: Project) -> Run | None:
    current = current_of(Project.objects.get(pk=project.pk))
    return None if current is None else current.run


def test_the_first_that_succeeds_is_current_and_what_descends_from_it_takes_over(project: Project) -> None:
    ended(project, Outcome.FAILED)
    assert current_run(project) is None
    first = ended(project)
    assert current_run(project) == first
    second = ended(project, parent=first)
    assert current_run(project) == second
    # Another line of the project, and one that failed, change nothing by themselves.
    ended(project, parent=first)
    ended(project, Outcome.FAILED, parent=second)
    assert current_run(project) == second
    third = ended(project, parent=Run.objects.get(project=project, number=5))
    assert current_run(project) == third


def test_going_back_is_one_click_and_follow_ups_begin_there(client: Client, project: Project) -> None:
    client.force_login(project.owner)
    first = ended(project)
    second = ended(project, parent=first)
    page = client.get(reverse("project", args=[project.pk])).content.decode()
    assert "Download zip of #2" in page
    url = reverse("project-current", args=[project.pk])
    client.post(url, {"checkpoint": str(newest_of(first, StageName.EXECUTION).pk)})
    page = client.get(reverse("project", args=[project.pk])).content.decode()
    assert "Download zip of #1" in page
    archive = client.get(reverse("project-archive", args=[project.pk]))
    assert archive["Content-Disposition"].endswith('-1.zip"')
    assert "current version" in client.get(reverse("run", args=[first.pk])).content.decode()
    # Neither the project's own form nor that of a later version begins from anything else by default.
    client.post(reverse("project-follow-up", args=[project.pk]), {"change": "Add wind"})
    client.post(reverse("run-follow-up", args=[second.pk]), {"change": "Add rain"})
    client.post(reverse("run-follow-up", args=[second.pk]), {"change": "Add snow", "begin": "this"})
    wind, rain, snow = Run.objects.filter(project=project, number__gt=2).order_by("number")
    assert [run.parent for run in (wind, rain, snow)] == [first, first, second]
    assert {run.settings["base"] for run in (wind, rain)} == {str(newest_of(first, StageName.EXECUTION).pk)}
    assert wind.origin == Origin.FOLLOW_UP


def test_what_is_not_complete_or_damaged_cannot_be_current(project: Project) -> None:
    unfinished = make_run_at_rest(StageName.CODE, project=project)
    with pytest.raises(LaunchError, match="complete version"):
        make_current(newest_of(unfinished, StageName.CODE))
    version = newest_of(ended(project), StageName.EXECUTION)
    Blob.objects.filter(pk=version.artifacts.get().blob_id).update(packed=zlib.compress(b"something else"))
    with pytest.raises(LaunchError, match="damaged"):
        make_current(version)
    with pytest.raises(LaunchError, match="damaged"):
        launch.follow_up(version.run, "Add wind", version)


def test_a_version_of_an_earlier_attempt_can_be_current(project: Project) -> None:
    run = ended(project, Outcome.UNVERIFIED)
    version = newest_of(run, StageName.EXECUTION)
    launch.request_stop(launch.resume_run(run))
    version.refresh_from_db()
    make_current(version)
    assert current_of(Project.objects.get(pk=project.pk)) == version


def test_without_the_current_run_another_version_takes_its_place(project: Project) -> None:
    first, second = ended(project), ended(project)
    make_current(newest_of(second, StageName.EXECUTION))
    delete_run(second)
    assert current_run(project) == first
    delete_run(first)
    assert current_run(project) is None


def test_somebody_elses_project_and_versions_do_not_exist(client: Client, project: Project) -> None:
    version = newest_of(ended(project), StageName.EXECUTION)
    stranger = make_user()
    client.force_login(stranger)
    own = make_project(stranger)
    sent = {"checkpoint": str(version.pk), "change": "x"}
    for name in ("project-current", "project-follow-up"):
        assert client.post(reverse(name, args=[project.pk]), sent).status_code == 404
    assert client.get(reverse("project-archive", args=[project.pk])).status_code == 404
    assert client.post(reverse("project-current", args=[own.pk]), sent).status_code == 404
    assert client.post(reverse("project-current", args=[own.pk]), {"checkpoint": "x"}).status_code == 404
    own.refresh_from_db()
    assert (own.current, Run.objects.count()) == (None, 1)


def test_the_project_shows_its_runs_as_a_tree_with_their_attempts(client: Client, project: Project) -> None:
    client.force_login(project.owner)
    first = ended(project, Outcome.FAILED)
    Run.objects.filter(pk=first.pk).update(status=RunStatus.FAILED)
    launch.request_stop(launch.resume_run(first))
    first.refresh_from_db()
    launch.follow_up(first, "Add wind")
    launch.retry_run(first)
    page = client.get(reverse("project", args=[project.pk])).content.decode()
    rows = page.split("<tbody>")[1]
    assert rows.count('class="depth-1"') == 2
    assert reverse("attempt", args=[first.pk, 1]) in rows
    assert "Follow-up of #1" in rows
    assert "Retry of #1" in rows
    assert rows.index("Retry of #1") < rows.index("Follow-up of #1")
