"""Base URLs that people enter lead to public addresses only, when they are saved and when they are called."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from agents.errors import ProviderError
from agents.providers import addresses
from agents.providers.openai_compatible import check_base_url
from tests.agents.providers.endpoint import Endpoint, ask

PRIVATE = [
    "http://127.0.0.1/v1", "http://127.1/v1", "http://127.0.0.1./v1", "http://2130706433/v1", "http://0x7f000001/v1",
    "http://0x7f.1/v1", "http://0177.0.0.1/v1", "http://017700000001/v1", "http://0/v1", "http://0.0.0.0/v1",
    "http://localhost/v1", "http://LOCALHOST./v1", "http://10.0.0.1/v1", "http://172.16.0.1/v1",
    "http://192.168.1.1/v1", "http://169.254.169.254/latest", "http://100.64.0.1/v1", "http://100.100.100.200/v1",
    "http://168.63.129.16/v1", "http://192.0.0.192/v1", "http://224.0.0.1/v1", "http://255.255.255.255/v1",
    "http://240.0.0.1/v1", "http://198.18.0.1/v1", "http://[::1]/v1", "http://[::]/v1", "http://[::ffff:127.0.0.1]/v1",
    "http://[::ffff:7f00:1]/v1", "http://[::127.0.0.1]/v1", "http://[fe80::1]/v1", "http://[fe80::1%25eth0]/v1",
    "http://[fd00:ec2::254]/v1", "http://[fec0::1]/v1", "http://[ff02::1]/v1", "http://[64:ff9b::7f00:1]/v1",
    "http://[2002:7f00:1::]/v1", "http://[2001:0:7f00:1::]/v1", "http://①②⑦.⓪.⓪.①/v1",
    "http://\uff11\uff12\uff17.0.0.1/v1",
]  # fmt: skip
ODD = [
    "", "example.org/v1", "file:///etc/passwd", "gopher://93.184.216.34/", "ftp://93.184.216.34/", "http:///v1",
    "http://user@93.184.216.34/", "http://93.184.216.34@127.0.0.1/", "http://93.184.216.34#@127.0.0.1/",
    "http://93.184.216.34\\@127.0.0.1/", "http://93.184.216.34/v1?x=1", "http://93.184.216.34:22/",
    "http://93.184.216.34:6379/", "http://93.184.216.34:5432/", "http://93.184.216.34:0/", "http://93.184.216.34:x/",
    "http://93.184.216.34 /", "http://93.184.216.34\r\nX: 1/", "http://1572395042/", "http://0x5db8d822/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE + ODD)
def test_an_address_that_is_not_public_is_refused_when_it_is_saved(url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        check_base_url(url, ())
    assert caught.value.kind in {"refused", "network"}
    assert not caught.value.retry


@pytest.mark.parametrize(
    "url", ["https://93.184.216.34/v1", "http://93.184.216.34:8080/v1", "https://[2606:4700::1111]/"]
)
def test_a_public_address_is_taken(url: str) -> None:
    check_base_url(url, ())


@pytest.mark.parametrize("hosts", [{"localhost"}, {"localhost:11434"}])
def test_the_administrators_list_lets_local_ones_through(hosts: set[str]) -> None:
    check_base_url("http://localhost:11434/v1", hosts)


def test_the_list_names_a_port_where_only_that_is_meant() -> None:
    with pytest.raises(ProviderError):
        check_base_url("http://localhost:6379/v1", {"localhost:11434"})


@pytest.mark.parametrize("url", PRIVATE)
def test_it_is_refused_again_when_it_is_called(url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(url, public_only=True)
    assert caught.value.kind in {"refused", "network"}


@pytest.mark.parametrize("url", ["http://93.184.216.34:22/", "http://93.184.216.34:6379/", "http://1572395042/"])
def test_ports_and_forms_are_judged_again_too(url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(url, public_only=True)
    assert caught.value.kind == "refused"


class Names:
    """A look-up that gives one answer after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def __call__(self, host: str, port: int, **_: object) -> list[Any]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_a_name_that_changes_after_it_was_saved_is_refused(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", Names(["93.184.216.34"], ["127.0.0.1"]))
    url = f"http://rebinding.example:{endpoint.port}/v1"
    check_base_url(url, ())
    with pytest.raises(ProviderError, match="private network"):
        ask(url, public_only=True)
    assert endpoint.talks == []


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["169.254.169.254"], []])
def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", Names(found))
    with pytest.raises(ProviderError, match="private network"):
        check_base_url("https://mixed.example/v1", ())


def test_the_name_is_looked_up_once_for_a_call(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    # Judged and called is the same address: a second look-up could give another.
    names = Names(["127.0.0.1"], ["203.0.113.1"])
    monkeypatch.setattr(addresses.socket, "getaddrinfo", names)
    reply = ask(f"http://allowed.example:{endpoint.port}/v1", public_only=True, allowed_hosts={"allowed.example"})
    assert reply.text == "Hello"
    assert len(names.answers) == 1


def test_the_next_address_is_tried_when_one_does_not_answer(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", Names(["127.0.0.2", "127.0.0.1"]))
    assert ask(f"http://two.example:{endpoint.port}/v1").text == "Hello"


def test_the_administrators_own_endpoint_may_be_local(endpoint: Endpoint) -> None:
    assert ask(endpoint.url).text == "Hello"
