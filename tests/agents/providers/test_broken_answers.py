"""Connections and answers that break in every way: each has its class, and its sentence in time."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from dataclasses import replace

import pytest

from agents.errors import ProviderError
from agents.providers import addresses
from tests.agents.providers.endpoint import QUICK, Endpoint, Script, Talk, ask, chunk, event, stream, whole, words


def raw(data: bytes | str) -> Script:
    """Send bytes and hang up."""
    return lambda talk: talk.send(data)


def in_chunks(*pieces: bytes, head: str = "Content-Type: text/event-stream") -> Script:
    """Send an answer in HTTP's chunks without an end."""

    def run(talk: Talk) -> None:
        talk.send(f"HTTP/1.1 200 OK\r\n{head}\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            talk.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    return run


def reset(talk: Talk) -> None:
    """Begin an answer and reset the connection."""
    stream(chunk("Half"), done=False)(talk)
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def silent(first: bytes) -> Script:
    """Say no more."""

    def run(talk: Talk) -> None:
        talk.send(first)
        talk.wait()

    return run


def for_ever(first: bytes, again: bytes, pause: float = 0.0) -> Script:
    """Send the same until the client hangs up."""

    def run(talk: Talk) -> None:
        talk.send(first)
        while not talk.over.is_set():
            talk.send(again)
            if pause:
                time.sleep(pause)

    return run


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
CHUNKED = HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked")
ROLE = event(chunk(delta={"role": "assistant", "content": ""})).encode()
HALF = event(chunk("Half")).encode()
BOMB = gzip.compress(b"\0" * 300_000_000, 1)
EVENT_BOMB = zlib.compress(HALF * 3_000_000, 1)
NOTHING: list[object] = []

FAULTS: dict[str, tuple[Script, str, bool]] = {
    # Cut
    "hangs up at once": (raw(""), "network", True),
    "hangs up in the head": (raw("HTTP/1.1 200 OK\r\nContent-"), "network", True),
    "hangs up before the first word": (raw(HEAD), "protocol", True),
    "ends without reason and done": (stream(chunk("Half"), done=False), "network", True),
    "ends with the word null as its reason": (stream(chunk("Half", "null"), done=False), "network", True),
    "ends in an event": (raw(HEAD + HALF + b'data: {"choices": [{"del'), "protocol", True),
    "ends in a chunk of HTTP": (in_chunks(HALF), "network", True),
    "ends before its length": (whole("x", Content_Length="500"), "network", True),
    "is reset": (reset, "network", True),
    # No HTTP, or too much of it
    "another protocol": (raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "protocol", False),
    "zeros": (raw(b"\0" * 1000 + b"\r\n\r\n"), "protocol", False),
    "a wrong chunk of HTTP": (raw(CHUNKED + b"zz\r\n"), "protocol", False),
    "one header without end": (for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10_000), "protocol", False),
    "headers without end": (for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Header: 1\r\n" * 1000), "protocol", False),
    # No answer
    "a web page": (whole("<!DOCTYPE html><html></html>", kind="text/html"), "protocol", False),
    "a web page named a stream": (whole("\n <html></html>", kind="text/event-stream"), "protocol", False),
    "nothing": (whole(""), "protocol", True),
    "words": (whole("Ollama is running", kind="text/plain"), "protocol", False),
    "other JSON": (whole({"models": []}), "protocol", False),
    "a list": (whole([1]), "protocol", False),
    "half of a JSON": (whole('{"choices": [{"mess'), "protocol", False),
    "lines of JSON": (whole('{"message": {}}\n{"done": true}\n'), "protocol", False),
    "deep JSON": (whole("[" * 100_000), "protocol", False),
    "a number of 5000 digits": (whole('{"choices": ' + "9" * 5000 + "}"), "protocol", False),
    # An answer that is none
    "only done": (stream(), "protocol", True),
    "only white space": (stream(*words("  \n ")), "protocol", True),
    "only a thought": (stream(*words("<think>Hm.</think>")), "protocol", True),
    "only reasoning": (stream(chunk(delta={"reasoning_content": "Hm."}), *words("")), "protocol", True),
    "only a tool": (stream(chunk(delta={"tool_calls": [{"index": 0}]}), *words(finish="tool_calls")), "protocol", True),
    "no choices": (whole({"choices": NOTHING}), "protocol", True),
    "null": (whole({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}), "protocol", True),
    "a thought that has no end": (stream(*words("<think>Hm", " and hm", finish="length")), "length", False),
    "cut before the first word": (stream(*words(finish="length")), "length", False),
    # Events that are none
    "an event that is no JSON": (stream(chunk("Half"), event("oops")), "protocol", True),
    "an event that is a list": (stream(chunk("Half"), event([1])), "protocol", True),
    "an event of deep JSON": (stream(event("[" * 100_000)), "protocol", True),
    "bytes that are no text": (stream(chunk("Half"), b"data: \xff\xfe\n\n"), "protocol", True),
    # Too much
    "a bomb of gzip": (whole(BOMB, Content_Encoding="gzip"), "protocol", False),
    "a bomb of gzip as an error": (whole(BOMB, 500, Content_Encoding="gzip"), "busy", True),
    "a bomb in a bomb": (whole(gzip.compress(BOMB), Content_Encoding="gzip, gzip"), "protocol", False),
    "a bomb of events": (whole(EVENT_BOMB, kind="text/event-stream", Content_Encoding="deflate"), "protocol", False),
    "a wrong encoding": (whole("x", Content_Encoding="gzip"), "protocol", True),
    "one line without end": (for_ever(HEAD + b"data: ", b"x" * 100_000), "protocol", False),
    "words without end": (for_ever(HEAD, event(chunk("x" * 50_000)).encode()), "protocol", False),
    "more words than an answer has": (stream(*words(*["x" * 50_000] * 12)), "protocol", False),
    "counts without end": (for_ever(HEAD, event(chunk(choices=[])).encode() * 1000), "protocol", False),
    # Time
    "no answer": (silent(b""), "timeout", True),
    "comments and then nothing": (stream(": OPENROUTER PROCESSING\n\n", done=False), "protocol", True),
    "comments only": (for_ever(HEAD, b": OPENROUTER PROCESSING\n\n", 0.2), "timeout", True),
    "roles only": (for_ever(HEAD, ROLE, 0.2), "timeout", True),
    "head in drops": (for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.2), "timeout", True),
    "continue for ever": (for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), "timeout", True),
    "silence in the middle": (silent(HEAD + HALF), "timeout", True),
    "comments in the middle": (for_ever(HEAD + HALF, b": OPENROUTER PROCESSING\n\n", 0.2), "timeout", True),
    "an event in drops": (for_ever(HEAD + HALF, b"x", 0.2), "timeout", True),
    "a word each second": (for_ever(HEAD, HALF, 0.5), "timeout", False),
    "a thought for ever": (for_ever(HEAD, event(chunk(delta={"reasoning": "Hm."})).encode(), 0.5), "timeout", False),
    "an error in drops": (for_ever(HEAD.replace(b"200 OK", b"500 No"), b"x", 0.2), "timeout", True),
}  # fmt: skip


@pytest.mark.parametrize(("script", "kind", "retry"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_has_its_class_in_time(endpoint: Endpoint, script: Script, kind: str, retry: bool) -> None:
    endpoint.script = script
    limits = replace(QUICK, size=4_000_000, characters=500_000)
    # Only where time is the fault may time run out first, on a slow machine too.
    times = (1, 0.8, 2) if kind == "timeout" else (20, 20, 60)
    limits = replace(limits, first_token=times[0], silence=times[1])
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url, limits=limits, seconds=times[2])
    assert (caught.value.kind, caught.value.retry) == (kind, retry)
    assert str(caught.value).endswith(".")


def test_nobody_there(endpoint: Endpoint) -> None:
    endpoint.close()
    with pytest.raises(ProviderError, match="could not be reached") as caught:
        ask("http://127.0.0.1:9/v1")
    assert (caught.value.kind, caught.value.retry) == ("network", True)


@pytest.mark.parametrize(("code", "retry"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)])
def test_a_name_that_is_not_found(monkeypatch: pytest.MonkeyPatch, code: int, retry: bool) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "no")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", fail)
    with pytest.raises(ProviderError, match="could not be reached: ") as caught:
        ask("http://no-such-host.example/v1")
    assert (caught.value.kind, caught.value.retry) == ("network", retry)


def test_a_name_that_no_dns_can_hold() -> None:
    with pytest.raises(ProviderError) as caught:
        ask(f"http://{'a' * 70}.example/v1")
    assert caught.value.kind in {"network", "refused"}


def test_names_are_not_waited_for_longer_than_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: time.sleep(4) or [])
    with pytest.raises(ProviderError, match=r"could not be reached within 0\.5 s") as caught:
        ask("http://slow.example/v1", limits=replace(QUICK, connect=0.5))
    assert (caught.value.kind, caught.value.retry) == ("network", True)


def test_a_connection_that_is_never_taken() -> None:
    # A full queue of connections drops the next ones without a word.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with pytest.raises(ProviderError, match="could not be reached") as caught:
            ask(f"http://127.0.0.1:{port}/v1", limits=replace(QUICK, connect=0.5))
        for filler in fillers:
            filler.close()
    assert (caught.value.kind, caught.value.retry) == ("network", True)


def test_a_request_that_is_not_read_to_its_end_can_still_be_refused() -> None:
    endpoint = Endpoint(reads=False)

    def refuse(talk: Talk) -> None:
        talk.sock.recv(1000)
        whole({"error": {"message": "too large"}}, 413)(talk)
        talk.wait(1)

    endpoint.script = refuse
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    assert caught.value.kind == "context"
    endpoint.close()


def test_words_in_an_echo_of_the_request_do_not_choose_the_class(endpoint: Endpoint) -> None:
    echo = json.dumps({"detail": [{"loc": ["body"], "msg": "no", "input": "context length, api key not valid"}]})
    endpoint.script = whole(echo, 422)
    with pytest.raises(ProviderError) as caught:
        ask(endpoint.url)
    assert caught.value.kind == "refused"
