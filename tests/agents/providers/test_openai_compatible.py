"""The client of OpenAI-compatible endpoints: what it sends, and what stays at home."""

from __future__ import annotations

from typing import Any

import pytest

from agents.errors import ProviderError
from agents.providers.base import Message, Request
from agents.types import Purpose, Role
from tests.agents.providers.endpoint import KEY, Endpoint, ask, chunk, client, question, stream, whole, words

USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


def test_an_answer_is_put_together_with_its_counts(endpoint: Endpoint) -> None:
    endpoint.script = stream(*words("Hel", "lo"), chunk(choices=[], usage=USAGE))
    reply = ask(endpoint.url)
    assert (reply.text, reply.finish, reply.model) == ("Hello", "stop", "m-1")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cost_usd) == (7, 2, None)


def test_each_piece_is_told_as_it_comes(endpoint: Endpoint) -> None:
    pieces: list[str] = []
    endpoint.script = stream(*words("Hel", "lo"))
    client(endpoint.url).complete(question(on_text=pieces.append), stop=lambda: False)
    assert "".join(pieces) == "Hello"


def test_the_request_holds_what_was_asked_and_the_pictures(endpoint: Endpoint) -> None:
    messages = (Message("system", "Answer."), Message("user", "What?", images=("data:image/png;base64,AA",)))
    request = Request(Role.CODER, Purpose.SOURCE, "m", messages, max_tokens=100, json_schema={"type": "object"})
    client(endpoint.url).complete(request, stop=lambda: False)
    talk = endpoint.talks[0]
    assert talk.path == "/v1/chat/completions"
    assert talk.body["messages"][1]["content"][1]["image_url"]["url"].startswith("data:image/png")
    assert talk.body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (talk.body["stream"], talk.body["max_tokens"], talk.body["temperature"]) == (True, 100, 0.2)


def test_only_our_own_headers_are_sent(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the SDK reads of the environment, and what it tells of this machine.
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-environment")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-environment")
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer other\nX-Other: 1")
    ask(endpoint.url)
    headers = endpoint.talks[0].headers
    assert set(headers) == {
        "host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "connection",
        "authorization",
    }  # fmt: skip
    assert headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(endpoint: Endpoint) -> None:
    ask(endpoint.url, key="")
    assert "authorization" not in endpoint.talks[0].headers


def test_proxies_and_addresses_of_the_environment_do_not_count(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = Endpoint()
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    monkeypatch.setenv("OPENAI_BASE_URL", trap.url)
    assert ask(endpoint.url).text == "Hello"
    assert trap.talks == []
    trap.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(endpoint: Endpoint, status: int) -> None:
    trap = Endpoint()
    endpoint.script = whole("", status, Location=f"{trap.url}/chat/completions")
    with pytest.raises(ProviderError, match="another address") as caught:
        ask(endpoint.url)
    assert (caught.value.kind, caught.value.retry) == ("refused", False)
    assert trap.talks == []
    assert len(endpoint.talks) == 1
    trap.close()


def test_a_refused_request_is_not_repeated_by_the_sdk(endpoint: Endpoint) -> None:
    endpoint.script = whole({}, 500, x_should_retry="true", Retry_After="0")
    with pytest.raises(ProviderError):
        ask(endpoint.url)
    assert len(endpoint.talks) == 1


def echo(talk: Any) -> None:
    """Send the key back wherever a server can write."""
    key = talk.headers["authorization"]
    talk.send(f"HTTP/1.1 401 Bad {key}\r\nX-Key: {key}\r\nx-request-id: {key}\r\nRetry-After: {key}\r\n")
    talk.send(f'Connection: close\r\n\r\n{{"error": {{"message": "{key}", "type": "{key}", "code": "{key}"}}}}')


def test_a_key_that_the_server_sends_back_is_told_to_nobody(endpoint: Endpoint) -> None:
    endpoint.script = echo
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    problem: BaseException | None = caught.value
    assert caught.value.kind == "auth"
    while problem is not None:
        assert KEY not in repr(problem)
        problem = problem.__cause__ or problem.__context__


@pytest.mark.parametrize("key", ["sk-two\nlines", "sk-\u00fcmlaut", "sk with spaces"])
def test_a_key_that_cannot_be_one_is_never_sent(endpoint: Endpoint, key: str) -> None:
    with pytest.raises(ProviderError, match="characters that no key has") as caught:
        ask(endpoint.url, key=key)
    assert caught.value.kind == "auth"
    assert endpoint.talks == []


@pytest.mark.parametrize(
    "url",
    ["", "localhost:11434/v1", "ftp://h/v1", "file:///etc/passwd", "http://", "http://u:p@h/v1", "http://h/v1?key=1",
     "http://h/v1#x", "http://h:99999/v1", "http://h /v1", "http://[::1/v1", "http://h\\@other/v1", "gopher://h:70/",
     "http://\u2025/v1"],
)  # fmt: skip
def test_an_address_that_is_none_says_so(url: str) -> None:
    with pytest.raises(ProviderError, match="base URL of custom cannot be used") as caught:
        ask(url)
    assert (caught.value.kind, caught.value.retry) == ("refused", False)
