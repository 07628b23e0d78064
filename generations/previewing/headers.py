"""Which headers pass between a browser and a previewed application. What is not named here does not."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from generations.previewing.passes import COOKIE

Header = tuple[str, str]

# No cookie of ours, no word of a proxy about the person, no password of another service on the way.
TO_APPLICATION = frozenset(
    (
        "accept", "accept-encoding", "accept-language", "cache-control", "content-encoding",
        "content-language", "content-type", "if-match", "if-modified-since", "if-none-match", "if-range",
        "if-unmodified-since", "pragma", "range", "user-agent", "x-api-key", "x-csrf-token", "x-csrftoken",
        "x-requested-with", "idempotency-key", "last-event-id",
    )
)  # fmt: skip
# Nothing that reaches beyond this answer: no HSTS, Clear-Site-Data, Alt-Svc, Service-Worker-Allowed, CORS, Refresh,
# Link, X-Accel-Redirect, Report-To.
TO_BROWSER = frozenset(
    (
        "accept-ranges", "age", "allow", "cache-control", "content-disposition", "content-encoding",
        "content-language", "content-range", "content-type", "etag", "expires", "last-modified", "pragma",
        "retry-after", "vary", "x-process-time", "x-request-id", "x-total-count",
    )
)  # fmt: skip
PREFIXES = ("hx-", "x-ratelimit-")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "[::1]"})  # noqa: S104 - only compared

# The page may load and speak to its own origin only, is never framed, and opens no window.
_LIMITS = "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
APPLICATION_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    f"{_LIMITS}; sandbox allow-scripts allow-same-origin allow-forms allow-modals allow-downloads"
)
OWN_POLICY = f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; {_LIMITS}"
ALWAYS: tuple[Header, ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Robots-Tag", "noindex"),
)


class LeadsOut(Exception):
    """The application redirects to another host; the message is that host."""


def for_application(given: Iterable[Header], *, port: int, origin: str) -> list[Header]:
    """The headers of a browser's request as the application gets them; names are in lower case."""
    local = f"localhost:{port}"
    passed: list[Header] = [("Host", local), ("Connection", "close")]
    for name, value in given:
        if name in TO_APPLICATION or name.startswith("hx-"):
            passed.append((name, value))
        elif name == "cookie" and (rest := _without_pass(value)):
            passed.append((name, rest))
        elif name == "origin" and value == origin:
            passed.append((name, f"http://{local}"))
    return passed


def passes_in(given: Iterable[Header]) -> list[str]:
    """Every value that claims to be a pass; a page of another preview may have added some."""
    cookies = [part.strip() for name, value in given if name == "cookie" for part in value.split(";")]
    return [part.partition("=")[2] for part in cookies if part.partition("=")[0] == COOKIE]


def for_browser(given: Iterable[Header]) -> list[Header]:
    """The headers of an application's answer as the browser gets them. Raises LeadsOut."""
    passed: list[Header] = []
    for name, value in given:
        lower = name.lower()
        if not _is_plain(value):
            continue
        if lower in TO_BROWSER or lower.startswith(PREFIXES):
            passed.append((name, value))
        elif lower == "location":
            passed.append((name, _own_address(value)))
        elif lower == "set-cookie" and (cookie := _own_cookie(value)):
            passed.append((name, cookie))
    return [*passed, *ALWAYS, ("Content-Security-Policy", APPLICATION_POLICY)]


def _without_pass(cookies: str) -> str:
    parts = [part.strip() for part in cookies.split(";")]
    return "; ".join(part for part in parts if part and part.partition("=")[0].strip() != COOKIE)


def _own_address(location: str) -> str:
    """A redirect within the application. Raises LeadsOut."""
    # Browsers read a backslash as a slash.
    parts = urlsplit(location.strip().replace("\\", "/"))
    host = parts.netloc.rpartition("@")[2]
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if parts.scheme not in ("", "http", "https") or (parts.scheme and not host) or (host and name not in LOOPBACK):
        raise LeadsOut(host or parts.scheme)
    path = parts.path if not host or parts.path.startswith("/") else f"/{parts.path}"
    # '//name' would be a host again.
    path = "/" + path.lstrip("/") if path.startswith("//") else path
    return parts._replace(scheme="", netloc="", path=path).geturl()


def _own_cookie(value: str) -> str:
    """A cookie of this host alone; '' for one without a name, or called like ours."""
    first, *attributes = value.split(";")
    name = first.partition("=")[0].strip()
    if not name or name == COOKIE:
        return ""
    kept = [part.strip() for part in attributes if part.partition("=")[0].strip().lower() != "domain"]
    return "; ".join([first.strip(), *kept])


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()
