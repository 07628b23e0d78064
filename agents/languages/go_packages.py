"""Fetches Go modules through the machine's own proxy settings, into a cache that all runs share. Nothing is built."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import portalocker

from agents.errors import DependencyError
from agents.languages.base import Fetched, PackageCache
from agents.languages.cached import trim, write
from agents.languages.go_manifest import Module, locked, parts, write_manifest
from agents.programs import CALL_SECONDS, GO, call, folder_of, pins_of, reason, without
from agents.types import SourceFile

MAX_BYTES = 100 * 1024 * 1024
PROXY = "proxy"
"""The folder below ``/deps`` that serves the modules, in the form of a module proxy's own files."""


def fetch(manifest: tuple[str, ...], cache: PackageCache, *, stop: Callable[[], bool]) -> Fetched:
    """Bring every module that the requirements need into the cache, and give them with their checksums.

    The files are a folder in a module proxy's own form. The second time nothing is asked of the network.
    Raises DependencyError naming what cannot be had.
    """
    wanted = tuple(sorted({parts(line) for line in manifest}))
    if not wanted:
        return Fetched((), "", from_cache=True)
    folder = cache.folder / "go"
    (folder / "locks").mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256((pins_of(GO) + repr(wanted)).encode()).hexdigest()
    lock_path = folder / "locks" / f"{name}.json"
    store = folder / "modules" / "cache" / "download"
    with portalocker.Lock(folder / ".lock", timeout=CALL_SECONDS):
        known = lock_path.exists()
        lock = lock_path.read_text() if known else ""
        files = _files(lock, store) if known else None
        if files is None:
            lock = _Go(cache.folder, stop).download(wanted)
            files = _files(lock, store)
            known = False
        if files is None:
            raise DependencyError("The module proxy gave no archive for a requirement; choose another version.")
        write(lock_path, lock)
        trim(store.rglob("*.zip"), cache.most_bytes, keep={store / Path(f.path).relative_to(PROXY) for f in files})
    if sum(len(file.content) for file in files) > MAX_BYTES:
        raise DependencyError(f"The modules are larger than {MAX_BYTES // 1024**2} MiB; use fewer.")
    return Fetched(files, lock, known)


class _Go:
    """Go of the pinned version, in a folder that holds nothing but our own go.mod."""

    def __init__(self, folder: Path, stop: Callable[[], bool]) -> None:
        self._folder, self._stop = folder, stop

    def download(self, wanted: tuple[Module, ...]) -> str:
        """The lock: version and checksums of every module of the requirements' graph."""
        with tempfile.TemporaryDirectory(prefix="autocoder-go-") as folder:
            lines = tuple(f"{one.path} {one.version or self._newest(one.path, folder)}" for one in wanted)
            Path(folder, "go.mod").write_text(write_manifest("", lines))
            answer = self._run(("mod", "download", "-json", "all"), folder)
        entries: dict[str, dict[str, str]] = {}
        for entry in _objects(answer):
            if entry.get("Error"):
                raise DependencyError(f"A module could not be fetched. {reason(str(entry['Error']))}")
            entries[entry["Path"]] = {"version": entry["Version"], "sum": entry["Sum"], "mod": entry["GoModSum"]}
        return json.dumps(entries, indent=1, sort_keys=True)

    def _newest(self, path: str, folder: str) -> str:
        Path(folder, "go.mod").write_text(write_manifest("", ()))
        answer = next(_objects(self._run(("list", "-m", "-json", f"{path}@latest"), folder)))
        return str(answer["Version"])

    def _run(self, words: tuple[str, ...], folder: str) -> str:
        go = folder_of(GO, self._folder, stop=self._stop)
        environment = without(("GOROOT", "GOBIN", "GOPATH", "GOWORK", "GOEXPERIMENT"))
        environment |= {
            "GOMODCACHE": str(self._folder / "go" / "modules"),
            "GOCACHE": str(self._folder / "go" / "build"),
            # No other toolchain, no version control: the proxy alone is asked, without a way around it.
            "GOTOOLCHAIN": "local",
            "GOVCS": "*:off",
            "GOFLAGS": "-mod=mod -modcacherw",
            "GOWORK": "off",
            "GOENV": environment.get("GOENV", str(Path("~/.config/go/env").expanduser())),
        }
        code, out, err = call(
            [str(go / "bin/go"), *words], folder=Path(folder), environment=environment, stop=self._stop
        )
        if code and not out.lstrip().startswith("{"):
            raise DependencyError(f"The modules cannot be fetched. {reason(err)}")
        return out


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a text, one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while (start := text.find("{", at)) >= 0:
        found, at = decoder.raw_decode(text, start)
        yield found


def _files(lock: str, store: Path) -> tuple[SourceFile, ...] | None:
    """What a proxy would serve of the lock's modules, or None when a file is missing."""
    found = []
    for path, entry in json.loads(lock).items():
        folder = store / _escaped(path) / "@v"
        for end in ("info", "mod", "zip"):
            file = folder / f"{_escaped(entry['version'])}.{end}"
            if end == "zip" and not entry["sum"]:
                continue
            if not file.exists():
                return None
            os.utime(file)
            place = Path(PROXY) / file.relative_to(store)
            found.append(SourceFile(str(place), file.read_bytes()))
    return tuple(found)


def _escaped(text: str) -> str:
    """A path as a proxy writes it: capital letters as '!' and the small one."""
    return re.sub(r"[A-Z]", lambda match: f"!{match[0].lower()}", text)


def modules_in(fetched: Fetched, declared: tuple[str, ...]) -> frozenset[str]:
    """The modules whose packages may be imported: those that are declared, at any version, and what was fetched."""
    return frozenset({parts(line).path for line in declared} & set(locked(fetched)))
