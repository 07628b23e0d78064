"""An endpoint that echoes the key it was sent tells it to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from agents.errors import ProviderError
from generations.keys import set_key
from generations.providers import client_for
from tests.agents.providers.endpoint import Endpoint, Talk, question, stream, whole, words
from tests.canaries import FORMS, shown

pytestmark = pytest.mark.django_db
KEY = 'r6Wq-"the</key>&of=Somebody+4711'


@pytest.fixture
def endpoint(user: User, settings: Settings) -> Iterator[Endpoint]:
    """The own endpoint of this site; the user has a key for it."""
    server = Endpoint()
    settings.CUSTOM_BASE_URL = server.url
    set_key(user, "custom", KEY)
    yield server
    server.close()


def test_no_form_of_the_key_comes_back_in_an_answer(endpoint: Endpoint, user: User) -> None:
    texts = [f"{name}: {form(KEY)}\n" for name, form in FORMS.items()]
    whole_text = "".join(texts)
    pieces = [whole_text[start : start + 3] for start in range(0, len(whole_text), 3)]
    endpoint.script = stream(*words(*pieces))
    reply = client_for(user, "custom").complete(question(), stop=lambda: False)
    assert endpoint.talks[0].headers["authorization"] == f"Bearer {KEY}"
    assert shown(whole_text, KEY)
    assert not shown(reply.text, KEY)
    assert all(f"{name}: " in reply.text for name in FORMS)
    assert reply.text.count("***") >= len(FORMS)


def test_an_answer_without_the_key_stays_as_it_is(endpoint: Endpoint, user: User) -> None:
    text = "sk-abcdefghijklmnop1234 \x1b[31m %41%42 \\u0041 &amp;\u200b"
    endpoint.script = stream(*words(text))
    assert client_for(user, "custom").complete(question(), stop=lambda: False).text == text


def test_neither_an_error_nor_a_list_of_models_tells_it(endpoint: Endpoint, user: User) -> None:
    client = client_for(user, "custom")
    for form in FORMS.values():
        echoed = {"error": {"message": f"Incorrect key {form(KEY)}", "code": form(KEY)}}
        endpoint.script = whole(echoed, 401, WWW_Authenticate=f"Bearer {KEY}")
        with pytest.raises(ProviderError) as caught:
            client.complete(question(), stop=lambda: False)
        assert not shown(str(caught.value), KEY)

    def models(talk: Talk) -> None:
        talk.head(200, "application/json")
        talk.send(json.dumps({"data": [{"id": f"m-{FORMS[name](KEY)}"} for name in ("plain", "base64", "URL")]}))

    endpoint.script = models
    listed = client.list_models(stop=lambda: False)  # type: ignore[attr-defined]
    assert len(listed) == 3
    assert not any(shown(model.name, KEY) for model in listed)
