"""Fetches npm packages without running any of their code, into a cache that all runs share."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import portalocker

from agents.errors import DependencyError
from agents.languages.base import Fetched, PackageCache
from agents.languages.cached import trim, write
from agents.languages.javascript_manifest import parts, write_manifest
from agents.languages.npm_cache import cache_files, content_path
from agents.programs import CALL_SECONDS, NODE, call, folder_of, linux_machine, pins_of, reason, setting_beside, without
from agents.types import SourceFile

MAX_BYTES = 60 * 1024 * 1024
MAX_ENTRIES = 1_500
CPU = {"x86_64": "x64", "aarch64": "arm64"}
# Nothing but the registry is asked, whatever a package says that it needs.
SAFE = [
    *("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--omit-lockfile-registry-resolved"),
    *("--allow-git=none", "--allow-remote=none", "--allow-file=none", "--allow-directory=none"),
]


def fetch(manifest: tuple[str, ...], cache: PackageCache, *, stop: Callable[[], bool]) -> Fetched:
    """Bring every package that the requirements need into the cache, and give them with the lock.

    The files are a manifest, its lock and a cache of npm's own form that answers for exactly these packages. The second
    time nothing is asked of the network. Raises DependencyError naming what cannot be had.
    """
    own = write_manifest("", manifest)
    if not manifest:
        return Fetched((), "", from_cache=True)
    folder = cache.folder / "node"
    (folder / "locks").mkdir(parents=True, exist_ok=True)
    npm = _Npm(cache.folder, stop)
    lock_path = folder / "locks" / f"{hashlib.sha256((pins_of(NODE) + own).encode()).hexdigest()}.json"
    with portalocker.Lock(folder / ".lock", timeout=CALL_SECONDS):
        known = lock_path.exists()
        lock = lock_path.read_text() if known else npm.resolve(own)
        entries = _entries(lock)
        contents = _contents(entries, npm.cache)
        from_cache = known and contents is not None
        if contents is None:
            npm.download(own, lock)
            contents = _contents(entries, npm.cache)
        if contents is None:
            raise DependencyError("The registry gave no package for a requirement; choose another version.")
        write(lock_path, lock)
        used = {content_path(npm.cache, entry["integrity"]) for entry in entries.values()}
        trim(_stored(npm.cache), cache.most_bytes, keep=used)
    if sum(len(content) for content in contents.values()) > MAX_BYTES:
        raise DependencyError(f"The packed dependencies are larger than {MAX_BYTES // 1024**2} MiB; use fewer.")
    manifests = (SourceFile("package.json", own.encode()), SourceFile("package-lock.json", lock.encode()))
    return Fetched((*manifests, *cache_files(entries, contents)), lock, from_cache)


class _Npm:
    """npm of the pinned Node.js, in a folder that holds nothing but our own manifest."""

    def __init__(self, folder: Path, stop: Callable[[], bool]) -> None:
        self.cache = folder / "node" / "npm" / "_cacache"
        self._folder, self._stop = folder, stop

    def resolve(self, manifest: str) -> str:
        """The lock for a manifest. Raises DependencyError."""
        with tempfile.TemporaryDirectory(prefix="autocoder-npm-") as folder:
            Path(folder, "package.json").write_text(manifest)
            self._run(("install", "--package-lock-only"), folder, "The dependencies cannot be resolved.")
            return Path(folder, "package-lock.json").read_text()

    def download(self, manifest: str, lock: str) -> None:
        """Bring what the lock names into the cache; npm checks each against the lock's hash."""
        with tempfile.TemporaryDirectory(prefix="autocoder-npm-") as folder:
            Path(folder, "package.json").write_text(manifest)
            Path(folder, "package-lock.json").write_text(lock)
            target = ("--os=linux", "--libc=glibc", f"--cpu={CPU.get(linux_machine(), linux_machine())}")
            self._run(("ci", "--no-bin-links", *target), folder, "A dependency could not be fetched.")

    def _run(self, words: tuple[str, ...], folder: str, complaint: str) -> None:
        node = folder_of(NODE, self._folder, stop=self._stop)
        command = [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js"), *words]
        environment = without(("NODE_OPTIONS", "NODE_PATH", "npm_config_ignore_scripts"))
        # A registry mirror, certificates and the like of this machine's own npm stay in force.
        settings = setting_beside("npm", "etc", "npmrc")
        if settings is not None:
            environment.setdefault("npm_config_globalconfig", str(settings))
        command += [*SAFE, "--cache", str(self.cache.parent)]
        code, _out, err = call(command, folder=Path(folder), environment=environment, stop=self._stop)
        if code:
            raise DependencyError(f"{complaint} {reason(err)}")


def _entries(lock: str) -> dict[str, dict[str, Any]]:
    """The lock's packages for the sandbox's system. Raises DependencyError for one that is not the registry's."""
    packages: dict[str, dict[str, Any]] = json.loads(lock)["packages"]
    packages.pop("", None)
    for place, entry in packages.items():
        name = place.rpartition("node_modules/")[2]
        kind, _, digest = str(entry.get("integrity", "")).partition("-")
        if "resolved" in entry or entry.get("link") or kind not in ("sha512", "sha384", "sha256"):
            raise DependencyError(f"'{name}' does not come from the registry with a checksum, so it is not used.")
        if entry.get("name", name) != name:
            raise DependencyError(f"'{name}' is another package under a made-up name, so it is not used.")
        _decoded(name, digest)
    if len(packages) > MAX_ENTRIES:
        raise DependencyError(f"The dependencies need {len(packages)} packages; at most {MAX_ENTRIES} are allowed.")
    return {place: entry for place, entry in packages.items() if _fits(entry)}


def _decoded(name: str, digest: str) -> None:
    try:
        base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DependencyError(f"'{name}' has a checksum that cannot be read.") from error


def _fits(entry: dict[str, Any]) -> bool:
    """Whether a package is for the sandbox's system; others are left out of every installation there."""
    ours = {"os": "linux", "cpu": CPU.get(linux_machine(), linux_machine()), "libc": "glibc"}
    for key, value in ours.items():
        wanted = [str(one) for one in entry.get(key, ())]
        if f"!{value}" in wanted or (any(not one.startswith("!") for one in wanted) and value not in wanted):
            return False
    return True


def _contents(entries: dict[str, dict[str, Any]], cache: Path) -> dict[str, bytes] | None:
    """The packed packages by their checksums, or None when one is missing or is not what the lock says."""
    found: dict[str, bytes] = {}
    for entry in entries.values():
        integrity = entry["integrity"]
        path = content_path(cache, integrity)
        if integrity in found:
            continue
        if not path.exists():
            return None
        content = path.read_bytes()
        kind, _, digest = integrity.partition("-")
        if base64.b64encode(hashlib.new(kind, content).digest()).decode() != digest:
            path.unlink()
            return None
        os.utime(path)
        found[integrity] = content
    return found


def _stored(cache: Path) -> list[Path]:
    return [path for path in (cache / "content-v2").rglob("*") if path.is_file()]


def modules_in(_fetched: Fetched, declared: tuple[str, ...]) -> frozenset[str]:
    """The packages that may be imported: those that are declared, and what is typed by '@types/NAME'."""
    names = {parts(line).name for line in declared}
    return frozenset(names | {re.sub(r"^@types/", "", name) for name in names})
