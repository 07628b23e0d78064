"""JavaScript on Node.js: everything that differs from other languages, in one value.

What an application has: ``package.json`` with ``"type": "module"``, its sources in ``src/``, tests named
``test/*.test.js`` for Node's own runner (``"test": "node --test"``; Vitest and Jest are understood too), a start
command such as ``node src/server.js`` or ``npm start``. The lock file, .gitignore, .dockerignore, Dockerfile and CI
workflow are made without it. Installed packages lie in ``/deps/node_modules``, where they are found from ``/work``.
"""

from __future__ import annotations

from agents.languages import (
    javascript_checks,
    javascript_manifest,
    javascript_packages,
    javascript_templates,
    javascript_tests,
)
from agents.languages.base import Toolchain, Words
from agents.languages.npm_cache import REGISTRY
from agents.languages.syntax import syntax_error

INSTALL = "if [ -f /deps/package.json ]; then cd /deps && npm ci --ignore-scripts --no-progress; fi"

TOOLCHAIN = Toolchain(
    key="javascript",
    label="JavaScript (Node.js 24)",
    image="node",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    words=Words(
        install="npm ci",
        test="npm test",
        manifest='is an object with "name", "version", "type": "module", "scripts" ("start" and "test"), '
        '"dependencies" and "devDependencies": every package that is imported, with a range such as "^4.21.0"; no '
        "addresses, tags or aliases",
        structure="Sources lie in src/, tests in test/*.test.js for node:test and node:assert/strict, run by "
        '"test": "node --test"; modules are ES modules, relative imports name the file with its ending',
        names=("javascript", "node", "node.js", "nodejs", "express", "express.js", "fastify", "koa"),
    ),
    manifest="package.json",
    lock="package-lock.json",
    environment={
        "PATH": "/deps/node_modules/.bin:/usr/local/bin:/usr/bin:/bin",
        "npm_config_cache": "/deps/npm",
        "npm_config_registry": REGISTRY,
        "npm_config_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "NO_COLOR": "1",
    },
    test_requirements=(),
    read_manifest=javascript_manifest.read_manifest,
    write_manifest=javascript_manifest.write_manifest,
    unpinned=javascript_manifest.unpinned,
    pinned=javascript_manifest.pinned,
    declared=javascript_manifest.pinned,
    lock_files=javascript_manifest.lock_files,
    fetch=javascript_packages.fetch,
    modules_in=javascript_packages.modules_in,
    install=INSTALL,
    wrap_test=javascript_tests.wrap_test,
    reports=javascript_tests.REPORTS,
    read_reports=javascript_tests.read_reports,
    is_test=javascript_tests.is_test,
    syntax_error=syntax_error,
    unresolved_imports=javascript_checks.unresolved_imports,
    format=javascript_checks.format_files,
    lint=javascript_checks.lint,
    type_check=lambda _files, _bench: None,
    documented=javascript_checks.documented,
    templates=javascript_templates.templates,
)
