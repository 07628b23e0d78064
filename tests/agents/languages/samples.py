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

TYPESCRIPT = Sample(
    files={
        "package.json": """{
  "name": "adder",
  "version": "1.0.0",
  "type": "module",
  "scripts": {
    "start": "node src/server.ts",
    "check": "tsc --noEmit",
    "test": "node --test"
  },
  "dependencies": {
    "express": "^4.21.0"
  },
  "devDependencies": {
    "@types/express": "^4.17.21",
    "@types/node": "^24.0.0",
    "typescript": "^5.8.0"
  }
}
""",
        "tsconfig.json": """{
  "compilerOptions": {
    "target": "es2023",
    "module": "nodenext",
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "skipLibCheck": true,
    "types": ["node"]
  },
  "include": ["src", "test"]
}
""",
        "src/sums.ts": """/** The sum of two numbers. */
export function add(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) {
    throw new TypeError("not a number");
  }
  return a + b;
}
""",
        "src/app.ts": """import express, { type Express } from "express";

import { add } from "./sums.ts";

/** The application without a port. */
export function createApp(): Express {
  const app = express();
  app.get("/sum", (request, response) => {
    try {
      const { a, b } = request.query;
      response.json({ sum: add(Number(a), Number(b)) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      response.status(400).json({ error: message });
    }
  });
  return app;
}
""",
        "src/server.ts": """import { createApp } from "./app.ts";

const port = Number(process.env.PORT ?? 8000);
createApp().listen(port, process.env.HOST ?? "127.0.0.1");
""",
        "test/sums.test.ts": """import assert from "node:assert/strict";
import test, { describe, it } from "node:test";

import { add } from "../src/sums.ts";

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
        "src/sums.ts": """export function add(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) {
    throw new TypeError("not a number");
  }
  return a + b + 1;
}
"""
    },
    careless={
        "src/careless.ts": "export function run( x: string ): number { const y = 1\n return eval(x) + missing }\n"
        "declare const z: number; z = 2;\n"
    },
    undeclared={"src/more.ts": 'import sql from "@scope/sql/lib";\n'},
    package="@scope/sql",
)

GO = Sample(
    files={
        "go.mod": "module adder\n\ngo 1.24\n",
        "cmd/adder/main.go": """// Command adder adds numbers over HTTP.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"

	"adder/internal/sums"
)

func handle(w http.ResponseWriter, r *http.Request) {
	a, errA := strconv.ParseFloat(r.URL.Query().Get("a"), 64)
	b, errB := strconv.ParseFloat(r.URL.Query().Get("b"), 64)
	if errA != nil || errB != nil {
		http.Error(w, "a and b must be numbers", http.StatusBadRequest)
		return
	}
	sum, err := sums.Add(a, b)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := json.NewEncoder(w).Encode(map[string]float64{"sum": sum}); err != nil {
		log.Print(err)
	}
}

func main() {
	http.HandleFunc("GET /sum", handle)
	port := os.Getenv("PORT")
	if port == "" {
		port = "8000"
	}
	log.Fatal(http.ListenAndServe(os.Getenv("HOST")+":"+port, nil))
}
""",
        "internal/sums/sums.go": """// Package sums adds numbers.
package sums

import (
	"errors"
	"math"
)

// Add gives the sum of two numbers.
func Add(a, b float64) (float64, error) {
	if math.IsNaN(a) || math.IsNaN(b) {
		return 0, errors.New("not a number")
	}
	return a + b, nil
}
""",
        "internal/sums/sums_test.go": """package sums

import "testing"

func TestAdd(t *testing.T) { // AC-1
	if sum, err := Add(1, 2); err != nil || sum != 3 {
		t.Fatalf("1 + 2 is %v, not 3 (%v)", sum, err)
	}
}

func TestNothing(t *testing.T) {
	t.Run("zero", func(t *testing.T) {
		if sum, err := Add(0, 0); err != nil || sum != 0 {
			t.Errorf("0 + 0 is %v, not 0, and 3 is no answer (%v)", sum, err)
		}
	})
}

func TestLeftOut(t *testing.T) {
	t.Skip("to be counted")
}
""",
    },
    commands=Commands(
        install="go build ./...", start="go run ./cmd/adder", test="go test ./...", port=8000, probes=_PROBES
    ),
    broken={
        "internal/sums/sums.go": """package sums

// Add gives a wrong sum.
func Add(a, b float64) (float64, error) {
	if a != a {
		return 0, nil
	}
	return a + b + 1, nil
}
"""
    },
    careless={
        "internal/careless/careless.go": 'package careless\nimport "os/exec"\n'
        'func Run( line string ) error {\n  missing()\n  return exec.Command("sh", "-c", line).Run() }\n'
    },
    undeclared={"internal/more/more.go": 'package more\n\nimport _ "github.com/some/module/v2/inner"\n'},
    package="github.com/some/module/v2",
)

SAMPLES = {"python": PYTHON, "javascript": JAVASCRIPT, "typescript": TYPESCRIPT, "go": GO}
