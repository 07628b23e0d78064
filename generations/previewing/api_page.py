"""A page that describes an API by its own /openapi.json and sends requests to it, without anything from elsewhere."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from generations.previewing.answers import GONE, Answer
from generations.previewing.carrying import Asked, Carrier, Failed

PAGES = Path(__file__).parent / "pages"
API = "/.preview/api"
DESCRIPTION = "/openapi.json"
DOCUMENTATION = ("/docs", "/docs/", "/redoc", "/redoc/")
# Where FastAPI's own documentation pages load their scripts from, which no preview may.
ELSEWHERE = b"cdn.jsdelivr.net"
MAX_PAGE = 200_000
MAX_DESCRIPTION = 2 * 1024**2


def asset(path: str) -> Answer:
    """The page itself, or its script or style."""
    name = {API: "api.html"}.get(path, path.rpartition("/")[2])
    file = PAGES / name
    if file.name not in {known.name for known in PAGES.iterdir()} or path not in (API, f"/.preview/{name}"):
        return GONE
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    return Answer(200, (("Content-Type", f"{kind}; charset=utf-8"),), file.read_bytes())


async def replaced(path: str, asked: Asked) -> Answer | None:
    """Our page where the application's documentation is an empty page without another host's scripts; None elsewhere.

    The body of an answer that is not replaced is still to be read.
    """
    kind = next((value for name, value in asked.head.headers if name.lower() == "content-type"), "")
    if path not in DOCUMENTATION or asked.head.status != 200 or not kind.startswith("text/html"):
        return None
    body = await asked.whole(MAX_PAGE)
    if ELSEWHERE in body:
        return asset(API)
    asked.again(body)
    return None


async def first_path(carrier: Carrier) -> str:
    """Where to begin: at the root where that is a page, else at the description of the API, else at a planned probe."""
    if await _answers(carrier, "/", "text/html"):
        return "/"
    if await _answers(carrier, DESCRIPTION, "application/json"):
        return API
    probes = carrier.probes()
    return probes[0] if probes else "/"


async def _answers(carrier: Carrier, path: str, kind: str) -> bool:
    headers = carrier.own_headers(kind)
    try:
        async with carrier.asked("GET", path, headers) as asked:
            found = next((value for name, value in asked.head.headers if name.lower() == "content-type"), "")
            return asked.head.status == 200 and found.startswith(kind)
    except Failed:
        return False
