"""Somebody who uses a running site over HTTP and its websocket, and keeps all that the site sends."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class Visitor:
    """Signed in once; ``seen`` are the answers by path, ``frames`` what came over websockets."""

    def __init__(self, port: int) -> None:
        self.host = f"localhost:{port}"
        self.seen: dict[str, bytes] = {}
        self.frames: list[str] = []
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def get(self, path: str, **headers: str) -> str:
        """The text of a page, whatever its status."""
        return self._open(urllib.request.Request(f"http://{self.host}{path}", headers=headers), path)[1]

    def post(self, path: str, form: Mapping[str, str]) -> str:
        """Send a form; gives the path of the page that it led to."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/" if self._cookie() else path))
        assert token is not None
        data = urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
        headers = {"Referer": f"http://{self.host}{path}"}
        return self._open(urllib.request.Request(f"http://{self.host}{path}", data, headers), f"POST {path}")[0]

    def sign_in(self, name: str, password: str) -> None:
        """Fill in the form."""
        self.post("/sign-in/", {"username": name, "password": password})
        assert self._cookie()

    def watch(self, run_id: str) -> threading.Thread:
        """Keep what a run's page gets over its websocket until the site ends."""
        thread = threading.Thread(
            target=self._listen, args=(f"ws://{self.host}/ws/runs/{run_id}/?after=0",), daemon=True
        )
        thread.start()
        return thread

    def _listen(self, url: str) -> None:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)
        with connect(
            url, origin=f"http://{self.host}", additional_headers={"Cookie": cookies}, max_size=None
        ) as socket:
            try:
                for frame in socket:
                    self.frames.append(frame if isinstance(frame, str) else frame.decode())
            except ConnectionClosed:
                return

    def _open(self, request: urllib.request.Request, name: str) -> tuple[str, str]:
        try:
            with self._opener.open(request, timeout=240) as answer:
                content, url, told = answer.read(), answer.url, answer.headers
        except urllib.error.HTTPError as error:
            content, url, told = error.read(), error.url, error.headers
        self.seen[name] = f"{told}\n".encode() + content
        return url.removeprefix(f"http://{self.host}"), content.decode("utf-8", "replace")

    def _cookie(self) -> bool:
        return any(cookie.name == "sessionid" for cookie in self._cookies)
