"""A registry of npm packages and a module proxy for Go, on this machine, with packages made by a test."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


class Registry:
    """Answers npm; ``asked`` are the paths of all requests."""

    def __init__(self) -> None:
        self.address = ""
        self.asked: list[str] = []
        self._documents: dict[str, dict[str, Any]] = {}
        self._archives: dict[str, bytes] = {}

    def add(self, name: str, version: str = "1.0.0", *, tampered: bool = False, size: int = 0, **manifest: Any) -> None:
        """Publish a package that exports its name."""
        files = {
            "package.json": json.dumps({"name": name, "version": version, "main": "index.js", **manifest}),
            "index.js": f"module.exports = {json.dumps(name)};\n",
            "filler": base64.b64encode(hashlib.shake_128(name.encode()).digest(size)).decode(),
        }
        archive = _packed(files)
        path = f"/{name}/-/{version}.tgz"
        self._archives[path] = _packed({**files, "index.js": "evil"}) if tampered else archive
        document = self._documents.setdefault(name, {"name": name, "dist-tags": {}, "versions": {}})
        document["dist-tags"]["latest"] = version
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(archive).digest()).decode()}"
        dist = {"integrity": integrity, "tarball": f"{self.address}{path}"}
        document["versions"][version] = {"name": name, "version": version, "dist": dist, **manifest}

    def answer(self, path: str) -> bytes | None:
        """The body for a path; None for 404."""
        self.asked.append(path)
        if path in self._archives:
            return self._archives[path]
        document = self._documents.get(unquote(path.lstrip("/")))
        return None if document is None else json.dumps(document).encode()


@contextmanager
def npm_registry() -> Iterator[Registry]:
    """A registry that listens while the block runs."""
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = registry.answer(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"{}")

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _packed(files: dict[str, str]) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return into.getvalue()


def publish_module(folder: Path, path: str, version: str, files: dict[str, str]) -> None:
    """Put a Go module into a folder that serves as a proxy by ``file://``."""
    escaped = "".join(f"!{c.lower()}" if c.isupper() else c for c in path)
    place = folder / escaped / "@v"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{version}.info").write_text(json.dumps({"Version": version, "Time": "2024-01-01T00:00:00Z"}))
    (place / f"{version}.mod").write_text(files["go.mod"])
    with (place / "list").open("a") as listed:
        listed.write(f"{version}\n")
    with zipfile.ZipFile(place / f"{version}.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{path}@{version}/{name}", text)
