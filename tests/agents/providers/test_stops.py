"""A stop is heard in every state, and leaves neither a socket nor a thread behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from agents.errors import Stopped
from agents.providers import addresses
from tests.agents.providers.endpoint import Endpoint, Script, Talk, ask, chunk, client, event, question, stream


def after(seconds: float) -> Callable[[], bool]:
    """A stop that is asked for after some time."""
    moment = time.monotonic() + seconds
    return lambda: time.monotonic() > moment


def wait(talk: Talk) -> None:
    """Say nothing."""
    talk.wait()


def half(talk: Talk) -> None:
    """Begin an answer, then say nothing."""
    stream(chunk("Half"), done=False)(talk)
    talk.wait()


def ended(talk: Talk) -> None:
    """End an answer but for its counts."""
    stream(chunk("Half"), chunk(None, "stop"), done=False)(talk)
    talk.wait()


def busily(talk: Talk) -> None:
    """Never pause."""
    talk.head()
    try:
        while not talk.over.is_set():
            talk.send(event(chunk("x")) * 100)
    except OSError:
        talk.gone.set()


def refusing(talk: Talk) -> None:
    """Begin to refuse, then say nothing."""
    talk.head(500)
    talk.wait()


@pytest.mark.parametrize("script", [wait, half, ended, busily, refusing], ids=lambda script: script.__name__)
def test_a_stop_is_heard_and_the_connection_closed(endpoint: Endpoint, script: Script) -> None:
    endpoint.script = script
    before = threading.active_count()
    with pytest.raises(Stopped):
        ask(endpoint.url, stop=after(0.3))
    assert endpoint.talks[0].gone.wait(15)
    deadline = time.monotonic() + 240
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before


def test_a_stop_before_anything_was_sent(endpoint: Endpoint) -> None:
    with pytest.raises(Stopped):
        ask(endpoint.url, stop=lambda: True)
    assert endpoint.talks == []


def test_a_stop_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: found.wait(60) and [])
    with pytest.raises(Stopped):
        ask("http://slow.example/v1", stop=after(0.2))
    found.set()


def test_a_stop_while_tls_is_agreed_on() -> None:
    endpoint = Endpoint(reads=False)
    endpoint.script = wait
    with pytest.raises(Stopped) as caught:
        ask(endpoint.url.replace("http:", "https:"), stop=after(0.2))
    assert endpoint.talks[0].gone.wait(15), f"{caught.value!r} holds the socket"
    endpoint.close()


def test_the_stop_is_asked_for_often_but_not_at_each_byte(endpoint: Endpoint) -> None:
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 5

    endpoint.script = busily
    with pytest.raises(Stopped):
        ask(endpoint.url, stop=stop)
    assert asked[-1] - asked[0] > 0.5


def test_what_the_asker_raises_closes_the_connection(endpoint: Endpoint) -> None:
    def stop() -> bool:
        if endpoint.talks:
            raise KeyboardInterrupt
        return False

    endpoint.script = half
    with pytest.raises(KeyboardInterrupt):
        ask(endpoint.url, stop=stop)
    assert endpoint.talks[0].gone.wait(15)


def test_many_at_once_do_not_disturb_each_other(endpoint: Endpoint) -> None:
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(ask(endpoint.url).text)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["Hello"] * 12


def test_what_the_listener_raises_is_not_taken_for_a_fault_of_the_endpoint(endpoint: Endpoint) -> None:
    def listen(_: str) -> None:
        raise ValueError("a bug of ours")

    endpoint.script = half
    with pytest.raises(ValueError, match="a bug of ours"):
        client(endpoint.url).complete(question(on_text=listen), stop=lambda: False)
    assert endpoint.talks[0].gone.wait(15)
