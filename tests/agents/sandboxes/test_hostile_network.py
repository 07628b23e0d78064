"""Programs that look for a way out: every form of going out is refused, and a trap on this machine sees none."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterator

import pytest

from agents.sandboxes.base import SandboxSession
from tests.agents.sandboxes.programs import python

pytestmark = pytest.mark.sandbox

# Public resolvers and servers, the metadata services of clouds, the engine's bridge, private networks, multicast.
FAR = [
    *("1.1.1.1", "8.8.8.8", "93.184.216.34", "169.254.169.254", "100.100.100.200", "168.63.129.16", "172.17.0.1"),
    *("172.18.0.1", "10.0.0.1", "192.168.0.1", "192.0.2.1", "255.255.255.255", "224.0.0.1"),
]
FAR6 = ["2606:4700:4700::1111", "fd00:ec2::254", "fe80::1", "ff02::1"]
OWN = ["127.0.0.1", "0.0.0.0", "127.0.0.53", "::1"]
PORTS = [22, 53, 80, 443, 2375, 5432, 6379, 8000]

GO_OUT = """
import json, socket, struct, sys
trap, far, far6, own, ports = json.loads(sys.argv[1])
tried = reached = 0
def attempt(name, action):
    global tried, reached
    tried += 1
    try:
        action()
    except OSError:
        return
    reached += 1
    print("reached", name)
def tcp(family, address, port):
    with socket.socket(family) as s:
        s.settimeout(1); s.connect((address, port))
def udp(family, address, port):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1); s.sendto(b"x", (address, port))
def raw(family, kind, protocol, address):
    with socket.socket(family, kind, protocol) as s:
        s.sendto(b"\\x08\\0\\xf7\\xff\\0\\0\\0\\0", (address, 0))
for family, addresses in ((socket.AF_INET, far), (socket.AF_INET6, far6)):
    for address in addresses:
        for port in (53, 80, trap):
            attempt(f"tcp {address} {port}", lambda: tcp(family, address, port))
        attempt(f"udp {address}", lambda: udp(family, address, trap))
for address in own:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in [*ports, trap]:
        attempt(f"tcp {address} {port}", lambda: tcp(family, address, port))
for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
    attempt("icmp", lambda: raw(socket.AF_INET, kind, socket.IPPROTO_ICMP, "1.1.1.1"))
    attempt("icmp6", lambda: raw(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6, "fd00::1"))
for name in ("example.com", "host.docker.internal", "gateway.docker.internal", "metadata.google.internal"):
    attempt(f"name {name}", lambda: socket.getaddrinfo(name, 80))
attempt("packets", lambda: socket.socket(17, socket.SOCK_RAW))
attempt("machine below", lambda: socket.socket(40, socket.SOCK_STREAM).connect((2, 1024)))
route = struct.pack("IHHII", 28, 24, 0x505, 1, 0) + struct.pack("8BI", 2, 0, 0, 0, 254, 4, 0, 1, 0)
def netlink():
    with socket.socket(16, socket.SOCK_RAW, 0) as s:
        s.bind((0, 0)); s.send(route); answer = s.recv(4096)
        code = struct.unpack_from("i", answer, 16)[0]
        if code < 0:
            raise OSError(-code, "refused")
attempt("a route of its own", netlink)
print(tried, reached)
"""


@pytest.fixture
def trap() -> Iterator[list[socket.socket]]:
    """Sockets of this machine that listen everywhere on one port, for connections and for datagrams."""
    with (
        socket.create_server(("0.0.0.0", 0)) as connections,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("0.0.0.0", connections.getsockname()[1]))
        yield [connections, datagrams]


@pytest.mark.hostile("connects to far, near, metadata and own addresses", "nothing reached, a trap saw nothing")
def test_no_way_leads_out(session: SandboxSession, trap: list[socket.socket]) -> None:
    words = json.dumps([trap[0].getsockname()[1], FAR, FAR6, OWN, PORTS])
    output = python(session, GO_OUT, words).output
    tried, reached = output.splitlines()[-1].split()
    assert (reached, output.count("\n")) == ("0", 1)
    assert int(tried) >= 100
    assert select.select(trap, [], [], 0)[0] == []
