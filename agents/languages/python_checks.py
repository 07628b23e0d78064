"""Static checks of Python sources: syntax, imports, lint, types, format. None of them runs the sources."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from agents.evidence import Finding
from agents.languages.base import Bench
from agents.languages.syntax import syntax_error
from agents.types import Level, SourceFile

SECONDS = 60.0
# E, F: errors of syntax and names; B: likely bugs; S: security; C90: complexity is measured elsewhere.
LINT_RULES = "E4,E7,E9,F,B,S"
# In tests, assert and made-up passwords are no security findings.
TEST_IGNORES = ("S101", "S105", "S106", "S107", "S311", "S603", "S607", "S310")
SERIOUS = re.compile(r"^(F821|F82|E9|S(102|301|307|602|605|608|701))|^invalid-syntax")
# Distributions whose modules are named otherwise.
MODULES_OF = {
    "beautifulsoup4": {"bs4"},
    "email-validator": {"email_validator"},
    "opencv-python": {"cv2"},
    "pillow": {"PIL"},
    "pyjwt": {"jwt"},
    "python-dateutil": {"dateutil"},
    "python-dotenv": {"dotenv"},
    "python-jose": {"jose"},
    "python-multipart": {"multipart", "python_multipart"},
    "pyyaml": {"yaml"},
    "scikit-learn": {"sklearn"},
    "fastapi": {"fastapi", "starlette", "pydantic", "anyio"},
    "flask": {"flask", "werkzeug", "jinja2", "markupsafe", "click", "itsdangerous"},
    "pytest": {"pytest", "_pytest"},
    "pytest-asyncio": {"pytest_asyncio"},
    "pydantic": {"pydantic", "pydantic_core", "typing_extensions"},
}
DISTRIBUTION_OF = {
    module: name for name, modules in MODULES_OF.items() if name not in ("fastapi", "flask") for module in modules
}


def unresolved_imports(
    files: tuple[SourceFile, ...], dependencies: tuple[str, ...], fetched: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Imports that neither the files, the standard library, the dependencies nor the fetched modules explain.

    ``message`` names the distribution to add where one is known.
    """
    explained = set(sys.stdlib_module_names) | {"__future__"} | _own_modules(files) | fetched
    for line in dependencies:
        explained |= _modules_of(line)
    found = []
    for file in files:
        if file.path.endswith(".py") and not syntax_error(file):
            found += [_undeclared(file, module, at) for module, at in _imported(file) if module not in explained]
    return tuple(found)


def _undeclared(file: SourceFile, module: str, line: int) -> Finding:
    text = f"'{module}' is imported but not declared; it comes with '{DISTRIBUTION_OF.get(module, module)}'"
    return Finding(path=file.path, line=line, level=Level.ERROR, rule="import", message=text)


def _own_modules(files: tuple[SourceFile, ...]) -> set[str]:
    parts = [Path(file.path).with_suffix("").parts for file in files if file.path.endswith(".py")]
    # A source folder or a test's own folder is on the path as well as the application's folder.
    return {name for part in parts for name in (part[0], part[-1], *part[1:2])} | {"conftest"}


def _modules_of(line: str) -> set[str]:
    try:
        name = canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return set()
    return MODULES_OF.get(name, set()) | {name.replace("-", "_"), name.replace("-", ""), name.split("-")[-1]}


def _imported(file: SourceFile) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(ast.parse(file.text)):
        if isinstance(node, ast.Import):
            found += [(alias.name.split(".")[0], node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module.split(".")[0], node.lineno))
    return found


def format_files(files: tuple[SourceFile, ...], _bench: Bench) -> tuple[SourceFile, ...]:
    """The files with imports sorted and ruff's formatter applied; those that do not parse stay as they are."""
    chosen = [file for file in files if file.path.endswith(".py") and not syntax_error(file)]
    if not chosen:
        return files
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, chosen)
        _ruff(folder, "check", "--select", "I", "--fix", "--exit-zero", "--quiet")
        _ruff(folder, "format", "--quiet")
        changed = {file.path: (Path(folder) / file.path).read_bytes() for file in chosen}
    return tuple(SourceFile(f.path, changed.get(f.path, f.content), f.mode) for f in files)


def lint(files: tuple[SourceFile, ...], _bench: Bench) -> tuple[Finding, ...]:
    """Findings of ruff by our own rules; the application's own configuration is not read."""
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, [file for file in files if file.path.endswith(".py")])
        patterns = ("tests/**", "**/test_*.py")
        ignores = ",".join(f"{pattern}:{rule}" for pattern in patterns for rule in TEST_IGNORES)
        options = ("--select", LINT_RULES, "--exit-zero", "--output-format", "json", f"--per-file-ignores={ignores}")
        report = _ruff(folder, "check", *options)
        entries = json.loads(report or "[]")
        root = Path(folder).resolve()
        return tuple(_finding(entry, root) for entry in entries)


def _finding(entry: dict[str, object], root: Path) -> Finding:
    code = str(entry.get("code") or "invalid-syntax")
    location = entry.get("location")
    line = int(location["row"]) if isinstance(location, dict) else 0
    path = Path(str(entry["filename"])).resolve().relative_to(root).as_posix()
    level = Level.ERROR if SERIOUS.match(code) else Level.WARNING
    return Finding(path=path, line=line, level=level, rule=code, message=str(entry["message"])[:500])


def type_check(files: tuple[SourceFile, ...], _bench: Bench) -> tuple[Finding, ...] | None:
    """Findings of mypy without any plug-in or configuration of the application."""
    chosen = [file for file in files if file.path.endswith(".py")]
    if not chosen:
        return None
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, chosen)
        command = [sys.executable, "-m", "mypy", "--config-file=", "--ignore-missing-imports", "--check-untyped-defs"]
        command += ["--no-error-summary", "--hide-error-context", "--no-color-output", "--explicit-package-bases"]
        command += ["--namespace-packages", "--cache-dir", f"{folder}/.cache", "--no-site-packages", "."]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None
    if done.returncode not in (0, 1):
        return None
    lines = re.findall(r"^(.+?):(\d+): error: (.+?)(?:\s+\[([a-z-]+)\])?$", done.stdout, re.MULTILINE)
    return tuple(
        Finding(path=path, line=int(line), rule=f"type:{rule or 'error'}", message=text[:500])
        for path, line, text, rule in lines
    )


def documented(file: SourceFile) -> tuple[int, int]:
    """Public modules, classes and functions with a docstring, and all of them."""
    if not file.path.endswith(".py") or syntax_error(file):
        return 0, 0
    found = public = 0
    for node in ast.walk(ast.parse(file.text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if getattr(node, "name", "").startswith("_") or (isinstance(node, ast.Module) and not node.body):
                continue
            public += 1
            found += ast.get_docstring(node) is not None
    return found, public


def _write(folder: str, files: list[SourceFile]) -> None:
    """Put sources into a folder of our own making; their paths are safe, they come from a workspace."""
    for file in files:
        target = Path(folder) / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)


def _ruff(folder: str, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("ruff")), *arguments, "--isolated", "--no-cache"]
    command += ["--line-length", "120", "--target-version", "py311", "."]
    # With --exit-zero and for the formatter, any other code means that ruff itself could not do its work.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode not in (0, 1) or (done.returncode and "check" in arguments):
        raise RuntimeError(f"ruff failed: {done.stderr.strip()[-300:]}")
    return done.stdout
