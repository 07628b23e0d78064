"""A small application in each language whose tests pass, as an engineer of that language would lay it out."""

from __future__ import annotations

from dataclasses import dataclass

from agents.plan import Commands, Probe
from agents.types import SourceFile


@dataclass(frozen=True)
class Sample:
    """``broken`` replaces a source so that a test fails; ``careless`` is a source full of what tools complain about."""

    files: dict[str, str]
    commands: Commands
    broken: dict[str, str]
    careless: dict[str, str]
    undeclared: dict[str, str]
    """A source that imports ``package``, which the manifest does not name."""
    package: str

    def tree(self, **changed: str) -> tuple[SourceFile, ...]:
        """The files, some with another text."""
        return tuple(SourceFile(path, text.encode()) for path, text in {**self.files, **changed}.items())


_PROBES = (Probe(path="/sum?a=1&b=2"), Probe(path="/sum?a=x&b=2", expect=400))

PYTHON = Sample(
    files={
        "requirements.txt": "pytest\n",
        "adder/__init__.py": "",
        "adder/sums.py": '"""Sums."""\n\n\ndef add(a: float, b: float) -> float:\n    """The sum of two numbers."""\n'
        '    if a != a or b != b:\n        raise ValueError("not a number")\n    return a + b\n',
        "adder/server.py": '''"""Adds numbers over HTTP."""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from adder.sums import add


class Handler(BaseHTTPRequestHandler):
    """Answers GET /sum?a=1&b=2."""

    def do_GET(self) -> None:
        """Answer the sum, or 400 for what is no number."""
        query = parse_qs(urlsplit(self.path).query)
        try:
            status, answer = 200, {"sum": add(float(query["a"][0]), float(query["b"][0]))}
        except (KeyError, ValueError):
            status, answer = 400, {"error": "a and b must be numbers"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler).serve_forever()
''',
        "tests/test_sums.py": '''import pytest

from adder.sums import add


def test_sum() -> None:
    """AC-1"""
    assert add(1, 2) == 3


def test_zero() -> None:
    assert add(0, 0) == 0


@pytest.mark.skip(reason="to be counted")
def test_left_out() -> None:
    assert add(1, 1) == 3
''',
    },
    commands=Commands(
        install="pip install -r requirements.txt",
        start="python -m adder.server",
        test="python -m pytest",
        port=8000,
        probes=_PROBES,
    ),
    broken={
        "adder/sums.py": '"""Sums."""\n\n\ndef add(a: float, b: float) -> float:\n'
        '    if a != a or b != b:\n        raise ValueError("not a number")\n    return a + b + 1\n'
    },
    careless={"adder/careless.py": "import os\ndef run( x ):\n    return eval(x) + missing\n"},
    undeclared={"adder/more.py": "import dateutil.parser\n"},
    package="python-dateutil",
)

JAVASCRIPT = Sample(
    files={
        "package.json": """{
  "name": "adder",
  "version": "1.0.0",
  "type": "module",
  "scripts": {
    "start": "node src/server.js",
    "test": "node --test"
  },
  "dependencies": {
    "express": "^4.21.0"
  }
}
""",
        "src/sums.js": """/** The sum of two numbers. */
export function add(a, b) {
  if (Number.isNaN(a) || Number.isNaN(b)) {
    throw new TypeError("not a number");
  }
  return a + b;
}
""",
        "src/app.js": """import express from "express";

import { add } from "./sums.js";

/** The application without a port. */
export function createApp() {
  const app = express();
  app.get("/sum", (request, response) => {
    try {
      const { a, b } = request.query;
      response.json({ sum: add(Number(a), Number(b)) });
    } catch (error) {
      response.status(400).json({ error: error.message });
    }
  });
  return app;
}
""",
        "src/server.js": """import { createApp } from "./app.js";

const port = Number(process.env.PORT ?? 8000);
createApp().listen(port, process.env.HOST ?? "127.0.0.1");
""",
        "test/sums.test.js": """import assert from "node:assert/strict";
import test, { describe, it } from "node:test";

import { add } from "../src/sums.js";

test("AC-1 adds", () => {
  assert.equal(add(1, 2), 3);
});

describe("nothing", () => {
  it("is 0", () => {
    assert.equal(add(0, 0), 0);
  });
  it.skip("is left out", () => {});
});
""",
    },
    commands=Commands(install="npm ci", start="npm start", test="npm test", port=8000, probes=_PROBES),
    broken={
        "src/sums.js": """export function add(a, b) {
  if (Number.isNaN(a) || Number.isNaN(b)) {
    throw new TypeError("not a number");
  }
  return a + b + 1;
}
"""
    },
    careless={"src/careless.js": "export function run( x ) { const y = 1\n return eval(x) + missing }\n"},
    undeclared={"src/more.js": 'import sql from "@scope/sql/lib";\n'},
    package="@scope/sql",
)

SAMPLES = {"python": PYTHON, "javascript": JAVASCRIPT}
