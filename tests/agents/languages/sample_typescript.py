"""An adder in TypeScript, as an engineer of that language would lay it out."""

from __future__ import annotations

from agents.plan import Commands
from tests.agents.languages.sample import PROBES, Sample

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
    commands=Commands(install="npm ci", start="npm start", test="npm test", port=8000, probes=PROBES),
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
