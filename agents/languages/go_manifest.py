"""go.mod: modules and versions only. A requirement is a line 'PATH VERSION'; ' indirect' follows where it is one."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from agents.errors import DependencyError
from agents.languages.base import Fetched

GO_VERSION = "1.27"
_HOST = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,}"
_PATH = re.compile(rf"{_HOST}(?:/[A-Za-z0-9._~-]+){{0,12}}")
_VERSION = re.compile(r"v\d{1,6}\.\d{1,6}\.\d{1,9}(?:-[0-9A-Za-z.-]{1,60})?(?:\+incompatible)?")
_OWN = re.compile(r"[A-Za-z0-9._~/-]{1,120}")
MAX_CHARACTERS = 100_000
MAX_MODULES = 200


class Module(NamedTuple):
    """One requirement in its parts; without a version any will do."""

    path: str
    version: str
    is_indirect: bool


def read_manifest(text: str) -> tuple[str, ...]:
    """The requirements of a go.mod. Raises DependencyError naming what is not a module and its version."""
    found: dict[str, str] = {}
    for number, words, comment in _directives(text):
        where = f"go.mod line {number}"
        if words[0] == "require":
            if len(words) != 3 or not words[2]:
                raise DependencyError(f"{where}: a requirement is a module and its version.")
            _check(words[1], words[2], where)
            mark = " indirect" if comment == "indirect" else ""
            found.setdefault(words[1], f"{words[1]} {words[2]}{mark}")
        elif words[0] == "go":
            _check_version(words[1] if len(words) == 2 else "", where)
        elif words[0] not in ("module", "retract", "godebug", "toolchain"):
            raise DependencyError(f"{where} is '{words[0][:40]}'; only modules and versions are allowed.")
    if len(found) > MAX_MODULES:
        raise DependencyError(f"go.mod names {len(found)} modules; at most {MAX_MODULES} are allowed.")
    return tuple(found.values())


def module_path(text: str) -> str:
    """The application's own module path; '' where a go.mod names none."""
    found = next((words[1] for _number, words, _comment in _directives(text) if words[0] == "module" and words[1:]), "")
    return found if _OWN.fullmatch(found) else ""


def parts(requirement: str) -> Module:
    """A requirement in its parts. Raises DependencyError for what is none."""
    words = requirement.removesuffix(" indirect").split()
    path, version = (words[0] if words else ""), (words[1] if len(words) > 1 else "")
    _check(path, version, "A requirement")
    return Module(path, version, requirement.endswith(" indirect"))


def write_manifest(before: str, requirements: tuple[str, ...]) -> str:
    """A go.mod with these requirements; its other lines stay."""
    text = before or f"module application\n\ngo {GO_VERSION}\n"
    kept = re.sub(r"^require\s*\([^)]*\)\n*|^require\s+[^(\n].*\n*", "", text, flags=re.MULTILINE).rstrip() + "\n"
    modules = sorted(parts(line) for line in requirements)
    blocks = ""
    for is_indirect, mark in ((False, ""), (True, " // indirect")):
        lines = [f"{one.path} {one.version}{mark}" for one in modules if one.is_indirect is is_indirect]
        if len(lines) == 1:
            blocks += f"\nrequire {lines[0]}\n"
        elif lines:
            blocks += "\nrequire (\n" + "".join(f"\t{line}\n" for line in lines) + ")\n"
    return kept + blocks


def unpinned(requirement: str) -> str:
    """The requirement for any version."""
    return parts(requirement).path


def pinned(requirement: str, fetched: Fetched) -> str:
    """The requirement at the version in the lock."""
    module = parts(requirement)
    version = locked(fetched).get(module.path, module.version)
    return f"{module.path} {version}{' indirect' if module.is_indirect else ''}".replace("  ", " ").strip()


def locked(fetched: Fetched) -> dict[str, str]:
    """The versions of all modules that were fetched, the indirect ones too."""
    return {} if not fetched.lock else {path: entry["version"] for path, entry in json.loads(fetched.lock).items()}


def lock_files(fetched: Fetched, manifest: str) -> dict[str, str]:
    """go.sum, and go.mod with the modules that its modules need, as 'go build' wants both to be."""
    if not fetched.lock:
        return {}
    entries = json.loads(fetched.lock)
    sums = "".join(
        f"{path} {entry['version']}{end} {entry[key]}\n"
        for path, entry in sorted(entries.items())
        for end, key in (("", "sum"), ("/go.mod", "mod"))
        if entry[key]
    )
    lines = read_manifest(manifest)
    named = {parts(line).path for line in lines}
    more = [f"{path} {entry['version']} indirect" for path, entry in entries.items() if path not in named]
    return {"go.mod": write_manifest(manifest, (*(pinned(line, fetched) for line in lines), *more)), "go.sum": sums}


def _directives(text: str) -> list[tuple[int, list[str], str]]:
    """Line number, words (a block's keyword before each of its lines) and comment of every directive."""
    if len(text) > MAX_CHARACTERS:
        raise DependencyError("go.mod is too large.")
    found, block = [], ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line, _, comment = raw.partition("//")
        words = line.split()
        if block and words == [")"]:
            block = ""
        elif not block and len(words) == 2 and words[1] == "(":
            block = words[0]
        elif words:
            found.append((number, [block, *words] if block else words, comment.strip()))
    return found


def _check(path: str, version: str, where: str) -> None:
    if len(path) > 200 or _PATH.fullmatch(path) is None or ".." in path:
        raise DependencyError(f"{where}: {path[:60]!r} is not the path of a module.")
    if version and _VERSION.fullmatch(version) is None:
        raise DependencyError(f"{where}: {version[:60]!r} is not the version of a module, such as v1.2.3.")


def _check_version(version: str, where: str) -> None:
    found = re.fullmatch(r"(\d+)\.(\d+)(?:\.\d+)?(?:rc\d+)?", version)
    ours = tuple(int(part) for part in GO_VERSION.split("."))
    if found is None or (int(found[1]), int(found[2])) > ours:
        raise DependencyError(f"{where}: the language's version must be at most {GO_VERSION}, not {version[:20]!r}.")
