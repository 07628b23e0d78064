"""An adder in JavaScript, as an engineer of that language would lay it out."""

from __future__ import annotations

from agents.plan import Commands
from tests.agents.languages.sample import PROBES, Sample

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
    commands=Commands(install="npm ci", start="npm start", test="npm test", port=8000, probes=PROBES),
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
