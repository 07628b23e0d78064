"""Static checks of Python sources: syntax, imports, lint, types, format. None of them runs the sources."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from agents.evidence import Finding
from agents.types import Level, SourceFile

SECONDS = 60.0
# E, F: errors of syntax and names; B: likely bugs; S: security; C90: complexity is measured elsewhere.
LINT_RULES = "E4,E7,E9,F,B,S"
# In tests, assert and made-up passwords are no security findings.
TEST_IGNORES = "S101,S105,S106,S107,S311,S603,S607,S310"
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


def syntax_error(file: SourceFile) -> str:
    """'' when a Python, JSON or TOML file parses (others always do), otherwise what is wrong and where."""
    readers: dict[str, Callable[[str], object]] = {".py": ast.parse, ".json": json.loads, ".toml": tomllib.loads}
    reader = readers.get(Path(file.path).suffix)
    if reader is None:
        return ""
    try:
        text = file.content.decode()
        reader(text)
    except SyntaxError as error:
        return f"{file.path} line {error.lineno}: {error.msg}"
    except (UnicodeDecodeError, ValueError, RecursionError, MemoryError) as error:
        return f"{file.path} cannot be read: {str(error)[:200]}"
    return ""


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


def format_files(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
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


def lint(files: tuple[SourceFile, ...]) -> tuple[Finding, ...]:
    """Findings of ruff by our own rules; the application's own configuration is not read."""
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, [file for file in files if file.path.endswith(".py")])
        ignores = [f"--per-file-ignores={pattern}:{TEST_IGNORES}" for pattern in ("tests/**", "**/test_*.py")]
        report = _ruff(folder, "check", "--select", LINT_RULES, "--exit-zero", "--output-format", "json", *ignores)
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


def type_check(files: tuple[SourceFile, ...]) -> tuple[Finding, ...] | None:
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


def _write(folder: str, files: list[SourceFile]) -> None:
    """Put sources into a folder of our own making; their paths are safe, they come from a workspace."""
    for file in files:
        target = Path(folder) / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)


def _ruff(folder: str, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("ruff")), *arguments, "--isolated", "--no-cache"]
    command += ["--line-length", "120", "--target-version", "py311", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
