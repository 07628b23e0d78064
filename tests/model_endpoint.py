"""An OpenAI-compatible endpoint on this machine that writes the small tool of ``tests.agents.engine``."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agents.providers.base import Request
from agents.types import Purpose, Role
from tests.agents.engine import Model

TASKS = {
    "Task: decide what the application must be": Purpose.REQUIREMENTS,
    "Task: write these files": Purpose.SOURCE,
    "Task: write these test files": Purpose.TESTS,
}


class ModelEndpoint(ThreadingHTTPServer):
    """Keeps what it was asked: model, key and purpose of each call."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = Model()
        """Who writes the answers."""
        self.asked: list[dict[str, str]] = []
        self.broken: dict[str, int] = {}
        """Models that answer with this status."""
        self.headers: dict[str, str] = {}
        """What a refusal says besides."""
        self.seconds = 0.0
        """How long an answer takes."""
        self.usage = 100, 50
        """What it counts for each answer: tokens of the prompt and of the answer."""
        self.places: int | None = None
        """How many calls it takes at once; one more is refused."""
        self.refuse = 0
        """How many of the next calls are refused as too many."""
        self.most_at_once = self.refused = self.at_once = 0
        self.counting = threading.Lock()

    @contextmanager
    def counted(self) -> Iterator[bool]:
        """One call that is under way; whether there is a place for it."""
        with self.counting:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            allowed = not self.refuse and (self.places is None or self.at_once <= self.places)
            self.refuse = max(0, self.refuse - 1)
            self.refused += not allowed
        try:
            yield allowed
        finally:
            with self.counting:
                self.at_once -= 1

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ModelEndpoint

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user = body["messages"][1]["content"]
        purpose = next(purpose for task, purpose in TASKS.items() if task in user)
        asked = {"model": body["model"], "key": self.headers["Authorization"], "purpose": purpose.value}
        self.server.asked.append(asked)
        with self.server.counted() as allowed:
            status = self.server.broken.get(body["model"], 200) if allowed else 429
            if status != 200:
                self._send(status, "application/json", json.dumps({"error": {"message": "no"}}))
                return
            time.sleep(self.server.seconds)
            self._answer(purpose, body, user)

    def _answer(self, purpose: Purpose, body: dict[str, Any], user: str) -> None:
        text = self.server.model.usual(request_of(purpose, body, user))
        chunks = [_chunk({"content": text}, None), _chunk({}, "stop")]
        prompt, answer = self.server.usage
        usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
        chunks.append({**_chunk({}, None), "choices": [], "usage": usage})
        lines = [f"data: {json.dumps(one)}\n\n" for one in chunks]
        self._send(200, "text/event-stream", "".join(lines) + "data: [DONE]\n\n")

    def _send(self, status: int, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.server.headers.items() if status != 200 else ():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def request_of(purpose: Purpose, body: dict[str, Any], user: str) -> Request:
    """What the model of the tests wants to know, read back from the prompt."""
    nonce = re.search(r"<<<DATA ([0-9a-f]{8}) ", user)
    paths = re.search(r"Task: write these (?:test )?files: (\[.*\])", user)
    data = {"nonce": nonce[1] if nonce else "", "paths": paths[1] if paths else "[]"}
    return Request(Role.CODER, purpose, body["model"], (), 1, data=data)


def _chunk(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


@contextmanager
def model_endpoint() -> Iterator[ModelEndpoint]:
    """A started endpoint."""
    with ModelEndpoint() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
