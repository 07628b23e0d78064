"""Many forms in the same moment: each order is one run, and the same form is one run however often it is sent."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from generations.invariants import violations
from generations.models import Run
from tests.factories import make_user

PROMPT = "Create a REST API for weather forecasts"


def browser(user: User) -> tuple[Client, str]:
    """A browser with the form open, and what that form is known by."""
    client = Client()
    client.force_login(user)
    page = client.get(reverse("run-new")).content.decode()
    found = re.search(r'name="submission" value="([^"]+)"', page)
    assert found is not None
    return client, found[1]


def send_all(forms: list[tuple[Client, str]]) -> list[str]:
    """Send the forms at once; gives where each browser is led."""
    start = threading.Barrier(len(forms))

    def send(form: tuple[Client, str]) -> str:
        client, submission = form
        start.wait()
        try:
            order = {"prompt": PROMPT, "profile": "offline", "submission": submission}
            response = client.post(reverse("run-new"), order)
            assert response.status_code == 302, response.content.decode()
            return str(response["Location"])
        finally:
            connection.close()

    with ThreadPoolExecutor(len(forms)) as pool:
        return list(pool.map(send, forms))


@pytest.mark.django_db(transaction=True)
def test_fifty_people_at_once_get_fifty_runs() -> None:
    users = [make_user() for _ in range(50)]
    places = send_all([browser(user) for user in users])
    assert len(set(places)) == 50
    owners = Run.objects.values_list("project__owner", flat=True)
    assert sorted(owners) == sorted(user.pk for user in users)
    assert violations() == []


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twenty_times_is_one_run() -> None:
    user = make_user()
    _client, submission = browser(user)
    clients = [browser(user)[0] for _ in range(20)]
    places = send_all([(client, submission) for client in clients])
    assert len(set(places)) == 1
    assert Run.objects.count() == 1
