"""Where an endpoint may be: base URLs that people enter must not lead into the network that this runs in."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from queue import Empty, Queue
from urllib.parse import urlsplit

import httpx2

from agents.errors import ProviderError
from agents.providers.http_limits import SLICE_SECONDS, Limits, Watch
from agents.providers.provider_errors import fault

Address = tuple[socket.AddressFamily, tuple[str, int]]
IP = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_ADDRESSES = 6
NAME = "the endpoint"
# What ``is_global`` lets through although it leads elsewhere: multicast, relays to IPv4, Azure's own services.
DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
# Services that a request could be made to speak to by mistake; everything below 1024 is refused anyway, but web ports.
WEB_PORTS, DENIED_PORTS = (80, 443), frozenset({2049, 2375, 2376, 3306, 5432, 6379, 9200, 11211, 27017})


@dataclass(frozen=True, slots=True)
class Place:
    """The host and the port that a base URL names."""

    host: str
    port: int

    def allowed(self, hosts: Collection[str]) -> bool:
        """Whether the administrator's list names the host, or the host with this port."""
        return self.host in hosts or f"{self.host}:{self.port}" in hosts


def place_of(url: str, name: str = NAME) -> Place:
    """The place that a well-formed base URL names. Raises ProviderError."""
    reason = ""
    if not url or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        reason = "it is empty, or holds spaces or backslashes"
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise fault("address", name, reason=reason or "it is no URL") from None
    if parts.scheme not in {"http", "https"}:
        reason = reason or "it has to begin with http:// or https://"
    if "@" in parts.netloc:
        reason = reason or "it holds a name or password, which do not belong there"
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        reason = reason or "it has a part after ? or #"
    if not host or port == 0 or "%" in host:
        reason = reason or "it names no usable host"
    if reason:
        raise fault("address", name, reason=reason)
    return Place(host, port or (443 if parts.scheme == "https" else 80))


def check_base_url(url: str, allowed_hosts: Collection[str] = ()) -> None:
    """Raise ProviderError for a base URL that leads to anything but a public address or a host on the list.

    Names are looked up; since they can change, ``check_public`` judges again when the connection is made.
    """
    place = place_of(url)
    if place.allowed(allowed_hosts):
        return
    check_form(place)
    watch = Watch(NAME, Limits(), stop=lambda: False)
    check_public([address for _, (address, _) in look_up(place, watch)], NAME)


def check_form(place: Place, name: str = NAME) -> None:
    """Raise ProviderError for a port of another service, and for numbers that some read as an address."""
    if (place.port < 1024 and place.port not in WEB_PORTS) or place.port in DENIED_PORTS:
        raise fault("address", name, reason="its port belongs to another kind of service")
    last = place.host.rsplit(".", 1)[-1]
    if re.fullmatch(r"\d+|0x[0-9a-f]*", last) and not _is_plain_ipv4(place.host):
        raise fault("address", name, reason="it writes an address in an unusual way")


def check_public(addresses: Collection[str], name: str) -> None:
    """Raise ProviderError when one of the addresses, as the system gave them, is not public."""
    if not addresses or not all(_is_public(ipaddress.ip_address(address.split("%")[0])) for address in addresses):
        raise fault("address", name, reason="it leads to an address inside of a private network")


def look_up(place: Place, watch: Watch) -> list[Address]:
    """The place's addresses. The system's look-up cannot be ended, so it runs in a thread that nobody waits for."""
    found: Queue[list[Address] | ProviderError] = Queue()
    threading.Thread(target=_ask_system, args=(place, watch.name, found.put), daemon=True).start()
    while True:
        watch.check()
        try:
            answer = found.get(timeout=SLICE_SECONDS)
        except Empty:
            continue
        if isinstance(answer, ProviderError):
            raise answer
        return answer


def _ask_system(place: Place, name: str, tell: Callable[[list[Address] | ProviderError], None]) -> None:
    try:
        infos = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        tell(fault("no names" if error.errno == socket.EAI_AGAIN else "no such host", name))
    except (OSError, UnicodeError, ValueError):
        tell(fault("no such host", name))
    else:
        tell([(family, (str(address[0]), int(address[1]))) for family, *_, address in infos[:MOST_ADDRESSES]])


def _is_plain_ipv4(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def _is_public(address: IP) -> bool:
    return address.is_global and not any(address in network for network in DENIED if network.version == address.version)
