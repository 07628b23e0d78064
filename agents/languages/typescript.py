"""TypeScript on Node.js: what differs from JavaScript.

What an application has: as for JavaScript, with ``src/*.ts``, ``test/*.test.ts``, ``tsconfig.json``, and
``typescript`` and ``@types/node`` among the development dependencies. Node.js runs the sources as they are (it leaves
the types out), so nothing is compiled before a start or a test: imports name the file with its ending ``.ts``. An
application that compiles all the same does so in its start and test commands, since each begins on a clean copy.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agents.evidence import Finding
from agents.languages import javascript
from agents.languages.base import Bench, Words
from agents.languages.javascript_checks import BIN
from agents.languages.syntax import TYPED_SCRIPTS
from agents.types import Level, SourceFile

RESULTS = "/tmp/results"  # noqa: S108 - in the sandbox
# The application's own settings hold for paths and modules; how strictly it is checked is ours.
_CONFIG = """{"extends": "./tsconfig.json", "include": ["**/*"], "exclude": ["node_modules", "dist"],
"compilerOptions": {"strict": true, "noEmit": true, "allowJs": false, "checkJs": false, "composite": false,
"incremental": false, "skipLibCheck": true, "allowImportingTsExtensions": true, "rootDir": "."}}"""
_DEFAULTS = '{"compilerOptions": {"target": "es2023", "module": "nodenext", "types": ["*"]}}'
_ERROR = re.compile(r"^(?P<path>[^\s(][^(]*)\((?P<line>\d+),\d+\): error (?P<rule>TS\d+): (?P<text>.*)$", re.MULTILINE)


def type_check(files: tuple[SourceFile, ...], bench: Bench) -> tuple[Finding, ...] | None:
    """Findings of the compiler, which sees the packages that are installed; None without TypeScript files."""
    own = {file.path for file in files if file.path.endswith(TYPED_SCRIPTS)}
    if not own:
        return None
    line = (
        f"[ -f tsconfig.json ] || echo '{_DEFAULTS}' > tsconfig.json; echo '{_CONFIG}' > tsconfig.check.json; "
        f"node {BIN}/tsc -p tsconfig.check.json --pretty false; test $? -lt 3"
    )
    work = bench.run(line, files, results=RESULTS)
    if work.exit_code != 0:
        return None
    return tuple(
        Finding(
            path=found["path"],
            line=int(found["line"]),
            level=Level.WARNING,
            rule=f"type:{found['rule']}",
            message=found["text"][:500],
        )
        for found in _ERROR.finditer(work.output)
        if found["path"] in own
    )


TOOLCHAIN = replace(
    javascript.TOOLCHAIN,
    key="typescript",
    label="TypeScript (Node.js 24)",
    suffixes=TYPED_SCRIPTS,
    words=Words(
        install="npm ci",
        test="npm test",
        manifest=f"{javascript.TOOLCHAIN.words.manifest}; typescript and @types/* are development dependencies",
        structure="Sources lie in src/*.ts, tests in test/*.test.ts for node:test and node:assert/strict, run by "
        '"test": "node --test"; Node.js runs the sources as they are ("start": "node src/server.ts", "check": '
        '"tsc --noEmit"), so relative imports name the file with .ts, types are imported by `import type`, and there '
        'are no enums, namespaces or parameter properties; tsconfig.json has "strict", "noEmit", "module": "nodenext", '
        '"allowImportingTsExtensions", "erasableSyntaxOnly", "verbatimModuleSyntax", "types": ["node"]',
        names=("typescript", "ts", "node", "node.js", "nodejs", "express", "express.js", "fastify", "nestjs"),
    ),
    type_check=type_check,
)
