"""An application that does its worst, seen through the preview's gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import docker
import httpx
import pytest

from agents.execution import bridging
from agents.sandboxes.docker import LABEL_RUN
from generations.previewing import carrying, gateway
from generations.previewing.headers import APPLICATION_POLICY
from tests.previewed import Living, Street, browser, living, served

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def street() -> Street:
    return Street()


@pytest.fixture(scope="module")
def port(street: Street) -> Iterator[int]:
    with served(street) as port:
        yield port


@pytest.fixture(scope="module")
def tenant(street: Street) -> Iterator[Living]:
    with living() as tenant:
        street.tenants[tenant.host] = tenant
        yield tenant


@pytest.fixture
def visitor(tenant: Living, port: int) -> Iterator[httpx.Client]:
    with browser(tenant, port) as client:
        yield client


def test_a_page_comes_with_our_rules_and_none_of_the_applications_wider_ones(visitor: httpx.Client) -> None:
    answer = visitor.get("/headers")
    assert (answer.status_code, answer.text) == (200, "fine")
    assert (answer.headers["x-request-id"], answer.headers["etag"]) == ("7", '"x"')
    assert answer.headers.get_list("content-security-policy") == [APPLICATION_POLICY]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    unwanted = """strict-transport-security clear-site-data service-worker-allowed alt-svc access-control-allow-origin
        refresh link x-accel-redirect x-sendfile report-to nel proxy-authenticate www-authenticate upgrade server"""
    assert [name for name in unwanted.split() if name in answer.headers] == []


def test_an_application_sees_the_request_but_nothing_of_the_person(visitor: httpx.Client, tenant: Living) -> None:
    headers = {
        "Authorization": "Bearer secret", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-User": "me", "Forwarded": "for=x",
        "X-Real-IP": "10.0.0.1", "Cf-Access-Jwt-Assertion": "secret", "Referer": "http://localhost:8000/runs/1/",
        "Origin": tenant.origin, "X-API-Key": "k", "Content-Type": "text/plain",
        "Cookie": f"a=1; {visitor.headers['cookie']}; sessionid=own",
    }  # fmt: skip
    told = json.loads(visitor.post("/echo?a=%2e%2e/%C3%A9", content=b"\x00\xffbody", headers=headers).text)
    seen = {name.lower(): value for name, value in told["headers"]}
    assert (told["method"], told["path"], told["body"]) == ("POST", "/echo?a=%2e%2e/%C3%A9", "\x00\xffbody")
    assert (seen["host"], seen["origin"], seen["cookie"]) == (
        "localhost:8123", "http://localhost:8123", "a=1; sessionid=own"
    )  # fmt: skip
    assert (seen["x-api-key"], seen["content-type"], seen["content-length"]) == ("k", "text/plain", "6")
    assert not {name for name in seen if name.startswith(("x-f", "x-r", "cf-", "forw", "auth", "ref"))}


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("/there?x=1", "/there?x=1"),
        ("there", "there"),
        ("http://localhost:8123/there", "/there"),
        ("http://127.0.0.1:8123", "/"),
        ("http://localhost:8123//evil.example/", "/evil.example/"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("\\\\evil.example/", None),
        ("http://localhost@evil.example/", None),
        ("javascript:alert(1)", None),
        ("http:evil.example", None),
    ],
)
def test_redirects_stay_within_the_application(visitor: httpx.Client, to: str, shown: str | None) -> None:
    answer = visitor.get("/redirect", params={"to": to})
    assert answer.headers.get("location") == shown
    assert answer.status_code == (302 if shown else 502)


def test_cookies_are_of_this_host_alone_and_none_is_ours(visitor: httpx.Client) -> None:
    given = "a=1; Domain=localhost; Path=/|b=2; domain = .preview.localhost ;HttpOnly|autocoder_preview=forged|=x"
    answer = visitor.get("/cookies", params={"set": given})
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly"]


@pytest.mark.parametrize("path", ["/many", "/upgrade", "/garbage"])
def test_what_is_no_answer_is_said_and_the_next_request_is_served(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, "No answer" in answer.text) == (502, True)
    assert visitor.get("/").text == "<h1>Here</h1>"


def test_header_values_cannot_break_out(visitor: httpx.Client) -> None:
    answer = visitor.get("/split")
    assert answer.text == "ok"
    assert "etag" not in answer.headers
    assert "x-request-id" not in answer.headers


def test_an_answer_has_a_limit_and_a_whole_large_one_comes_through(
    visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visitor.get("/big").content == b"0123456789abcdef" * 200_000
    monkeypatch.setattr(carrying, "MAX_ANSWER", 3_000_000)
    for path in ("/huge", "/big"):
        with pytest.raises(httpx.RemoteProtocolError):
            visitor.get(path)
    assert visitor.get("/").status_code == 200


def beginning(visitor: httpx.Client, path: str, pieces: int) -> list[bytes]:
    """The first pieces of an answer that may never end."""
    with visitor.stream("GET", path) as answer:
        return list(islice(answer.iter_raw(), pieces))


def test_an_answer_that_does_not_come_or_does_not_end_is_given_up(
    visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "HEAD_SECONDS", 0.5)
    assert visitor.get("/silent").status_code == 504
    monkeypatch.setattr(carrying, "HEAD_SECONDS", 30.0)
    monkeypatch.setattr(carrying, "WHOLE_SECONDS", 0.5)
    with pytest.raises(httpx.RemoteProtocolError):
        beginning(visitor, "/drip", pieces=200)
    monkeypatch.setattr(carrying, "WHOLE_SECONDS", 30.0)
    assert visitor.get("/").status_code == 200


def test_requests_have_limits(visitor: httpx.Client, tenant: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MAX_BODY", 1000)
    assert visitor.post("/echo", content=b"x" * 1000).status_code == 200
    assert visitor.post("/echo", content=b"x" * 1001).status_code == 413
    assert visitor.post("/echo", content=iter([b"x" * 600] * 2)).status_code == 413
    assert visitor.get("/echo?" + "x" * gateway.MAX_TARGET).status_code == 414
    assert visitor.request("TRACE", "/echo").status_code == 405
    tenant.active += carrying.AT_ONCE
    refused = visitor.get("/")
    tenant.active -= carrying.AT_ONCE
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


def test_nothing_is_there_without_a_pass_of_this_very_preview(tenant: Living, port: int, visitor: httpx.Client) -> None:
    other = Living(type(tenant.row)())
    with browser(other, port) as stranger:
        foreign = stranger.headers["cookie"].partition("=")[2]
    found = []
    for cookie in ("", "x", foreign, visitor.headers["cookie"].partition("=")[2][:-1]):
        with browser(tenant, port, cookie=cookie) as client:
            found.append(client.get("/echo"))
    for host in ("localhost:8000", f"{other.host}.preview.localhost", f"{tenant.host}.evil.example", f"{tenant.host}"):
        found.append(visitor.get("/echo", headers={"Host": host}))
    assert {answer.status_code for answer in found} == {404}
    assert len({answer.text for answer in found}) == 1
    # A page of another preview can set a cookie for the whole domain; the right one beside it still counts.
    beside = visitor.get("/echo", headers={"Cookie": f"autocoder_preview={foreign}; {visitor.headers['cookie']}"})
    assert beside.status_code == 200


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 404),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 404),
        ("POST", {"Origin": "http://localhost:8000"}, 404),
        ("POST", {"Origin": "null"}, 404),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 404),
        ("GET", {"Service-Worker": "script", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
def test_other_sites_pages_reach_nothing(
    visitor: httpx.Client, method: str, headers: dict[str, str], status: int
) -> None:
    assert visitor.request(method, "/echo", headers=headers).status_code == status


def test_documentation_that_wants_another_host_is_replaced_by_our_page(visitor: httpx.Client) -> None:
    for path in ("/docs", "/.preview/api"):
        answer = visitor.get(path)
        assert "/.preview/api.js" in answer.text
        assert "unsafe" not in answer.headers["content-security-policy"]
    assert visitor.get("/.preview/api.js").headers["content-type"].startswith("text/javascript")
    assert visitor.get("/.preview/../headers.py").status_code in (200, 404)
    for path in ("/.preview/%2e%2e/headers.py", "/.preview/", "/.preview/enter2", "/.preview/x/api.js"):
        assert visitor.get(path).status_code == 404


def test_the_engine_publishes_nothing_of_it_and_shares_nothing_with_it(tenant: Living) -> None:
    (container,) = docker.from_env().containers.list(filters={"label": f"{LABEL_RUN}={tenant.host}"})
    host = container.attrs["HostConfig"]
    assert (host["NetworkMode"], host["PortBindings"] or {}, host["Binds"] or []) == ("none", {}, [])
    assert container.attrs["Mounts"] == []


def test_frames_that_the_application_forges_end_it_and_nothing_else(street: Street, port: int) -> None:
    with living() as tenant:
        street.tenants[tenant.host] = tenant
        with browser(tenant, port) as client, suppress(httpx.RemoteProtocolError):
            assert client.get("/forge").status_code in (200, 502)
        tenant.wait_for_end()
        assert tenant.told == bridging.BROKEN


def test_the_end_of_the_server_is_told_with_what_it_printed(street: Street, port: int) -> None:
    with living("bubblewrap") as tenant:
        street.tenants[tenant.host] = tenant
        with browser(tenant, port) as client:
            assert client.get("/").text == "<h1>Here</h1>"
            assert client.get("/big").content == b"0123456789abcdef" * 200_000
            assert client.get("/quit").status_code == 502
        tenant.wait_for_end()
    assert "it ended with exit code 3" in tenant.told
    assert "the server starts" in tenant.told
