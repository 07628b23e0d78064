"""package.json: names and versions only. A requirement is a line 'NAME@RANGE'; ' dev' follows where it is one."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from agents.errors import DependencyError
from agents.languages.base import Fetched

_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*")
_NUMBER = r"(?:0|[1-9]\d{0,8}|[xX*])"
_VERSION = rf"v?{_NUMBER}(?:\.{_NUMBER}){{0,2}}(?:-[0-9A-Za-z.-]{{1,40}})?(?:\+[0-9A-Za-z.-]{{1,40}})?"
_COMPARED = rf"(?:[~^]|[<>]?=?)\s*{_VERSION}"
_RANGE = re.compile(rf"{_VERSION}\s+-\s+{_VERSION}|{_COMPARED}(?:\s+{_COMPARED}){{0,5}}")
_GROUPS = {"dependencies": "", "optionalDependencies": "", "peerDependencies": "", "devDependencies": " dev"}
_REFUSED = ("overrides", "resolutions", "workspaces", "bundleDependencies", "bundledDependencies")
NO_LOCK = '{"lockfileVersion": 3, "requires": true, "packages": {}}'
MAX_CHARACTERS = 100_000
MAX_PACKAGES = 200


class Package(NamedTuple):
    """One requirement in its parts."""

    name: str
    range: str
    is_dev: bool


def read_manifest(text: str) -> tuple[str, ...]:
    """The requirements of a package.json. Raises DependencyError naming what is not a name and versions."""
    found: dict[str, str] = {}
    manifest = _object(text)
    for key in _REFUSED:
        if manifest.get(key):
            raise DependencyError(f"package.json has '{key}'; only dependencies with names and versions are allowed.")
    for group, mark in _GROUPS.items():
        entries = manifest.get(group, {})
        if not isinstance(entries, dict):
            raise DependencyError(f"'{group}' in package.json is not an object of names and versions.")
        for name, wanted in entries.items():
            found.setdefault(name, _checked(name, wanted, group) + mark)
    if len(found) > MAX_PACKAGES:
        raise DependencyError(f"package.json names {len(found)} packages; at most {MAX_PACKAGES} are allowed.")
    return tuple(found.values())


def parts(requirement: str) -> Package:
    """A requirement in its parts; a bare name wants any version. Raises DependencyError for what is none."""
    line = requirement.removesuffix(" dev")
    at = line.find("@", 1)
    name, wanted = (line, "*") if at < 0 else (line[:at], line[at + 1 :])
    _checked(name, wanted, "A requirement")
    return Package(name, wanted, requirement.endswith(" dev"))


def write_manifest(before: str, requirements: tuple[str, ...]) -> str:
    """A package.json with these requirements; everything else in it stays as it was."""
    manifest = _object(before) if before else {"name": "application", "version": "1.0.0", "private": True}
    kept = {key: value for key, value in manifest.items() if key not in _GROUPS}
    wanted = [parts(line) for line in requirements]
    for group, is_dev in (("dependencies", False), ("devDependencies", True)):
        entries = {package.name: package.range for package in wanted if package.is_dev is is_dev}
        if entries:
            kept[group] = dict(sorted(entries.items()))
    return json.dumps(kept, indent=2, ensure_ascii=False) + "\n"


def unpinned(requirement: str) -> str:
    """The requirement for any version."""
    package = parts(requirement)
    return f"{package.name}@*{' dev' if package.is_dev else ''}"


def pinned(requirement: str, fetched: Fetched) -> str:
    """The requirement for the version in the lock and what is compatible with it."""
    package = parts(requirement)
    entry = json.loads(fetched.lock)["packages"].get(f"node_modules/{package.name}", {}) if fetched.lock else {}
    if "version" not in entry:
        return requirement
    return f"{package.name}@^{entry['version']}{' dev' if package.is_dev else ''}"


def lock_files(fetched: Fetched, manifest: str) -> dict[str, str]:
    """The lock as npm writes it beside this manifest; 'npm ci' wants one even where there is nothing to lock."""
    if not manifest:
        return {}
    lock, own = json.loads(fetched.lock or NO_LOCK), _object(manifest)
    root = {key: own[key] for key in ("name", "version", "license", *_GROUPS, "bin", "engines") if own.get(key)}
    if isinstance(root.get("bin"), str):
        root["bin"] = {str(own.get("name", "")).rpartition("/")[2]: root["bin"]}
    head = {key: own[key] for key in ("name", "version") if own.get(key)}
    rest = {key: value for key, value in lock.items() if key not in ("name", "version", "packages")}
    packages = {"": root, **{place: entry for place, entry in lock["packages"].items() if place}}
    return {
        "package-lock.json": json.dumps({**head, **rest, "packages": packages}, indent=2, ensure_ascii=False) + "\n"
    }


def _checked(name: object, wanted: object, where: str) -> str:
    if not isinstance(name, str) or len(name) > 214 or _NAME.fullmatch(name) is None or name == "node_modules":
        raise DependencyError(f"{where}: {str(name)[:60]!r} is not the name of a package.")
    text = str(wanted).strip() if isinstance(wanted, str) else "?"
    if text in ("", "latest"):
        text = "*"
    if len(text) > 120 or any(_RANGE.fullmatch(part.strip()) is None for part in text.split("||")):
        raise DependencyError(
            f"{where}: {name!r} is asked for as {str(wanted)[:60]!r}; only versions of the registry are allowed, no "
            "address, path, alias or tag."
        )
    return f"{name}@{text}"


def _object(text: str) -> dict[str, object]:
    if len(text) > MAX_CHARACTERS:
        raise DependencyError("package.json is too large.")
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise DependencyError(f"package.json is not JSON: {str(error)[:200]}") from error
    if not isinstance(found, dict):
        raise DependencyError("package.json is not a JSON object.")
    return found
