"""Python: everything that differs from other languages, in one value."""

from __future__ import annotations

from agents.languages import python_checks, python_manifest, python_templates, python_tests
from agents.languages.base import Toolchain, Words
from agents.languages.syntax import syntax_error

VENV = "/deps/venv"
# uv installs the fetched wheels in a fraction of the time that pip takes. 'pip' in the environment is a two-line
# program that gives its words to uv, so the README's own 'pip install -r requirements.txt' runs as it stands; both
# find wheels below /deps only. The interpreter is named without links, or its library might be looked for beside one.
REAL_PYTHON = """$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')"""
INSTALL = f"""\
uv venv -q --no-project --python "{REAL_PYTHON}" {VENV} && printf '#!/bin/sh\\nexec uv pip "$@"\\n' > {VENV}/bin/pip \
&& chmod 755 {VENV}/bin/pip \
&& if [ -f /deps/requirements.lock ]; then uv pip install -q -r /deps/requirements.lock; fi"""

TOOLCHAIN = Toolchain(
    key="python",
    label="Python 3.11",
    image="python",
    suffixes=(".py",),
    words=Words(
        install="pip install -r requirements.txt",
        test="python -m pytest",
        manifest="lists every package that sources and tests import, one a line, the test runner too, with loose "
        "bounds or none; no addresses, no options",
        names=("python", "fastapi", "flask", "django", "pytest", "pandas"),
    ),
    manifest="requirements.txt",
    lock="requirements.lock",
    environment={
        "PATH": f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": VENV,
        "UV_OFFLINE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": "/deps/wheels",
        "UV_NO_CACHE": "1",
        "UV_LINK_MODE": "copy",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    },
    test_requirements=("pytest", "pytest-cov"),
    read_manifest=python_manifest.read_manifest,
    write_manifest=python_manifest.write_manifest,
    unpinned=python_manifest.unpinned,
    pinned=python_manifest.pinned,
    declared=lambda name, _fetched: name,
    lock_files=lambda fetched, _manifest: {"requirements.lock": fetched.lock} if fetched.lock else {},
    fetch=python_manifest.fetch,
    modules_in=python_manifest.modules_in,
    install=INSTALL,
    wrap_test=python_tests.wrap_test,
    reports=(python_tests.JUNIT, python_tests.COVERAGE),
    read_reports=python_tests.read_reports,
    is_test=python_tests.is_test,
    syntax_error=syntax_error,
    unresolved_imports=python_checks.unresolved_imports,
    format=python_checks.format_files,
    lint=python_checks.lint,
    type_check=python_checks.type_check,
    documented=python_checks.documented,
    templates=python_templates.templates,
)
