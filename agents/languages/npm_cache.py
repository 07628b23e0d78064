"""A cache in npm's own form that answers for a few packages and nothing else: a registry without a network.

With it 'npm ci' and 'npm install' work in the sandbox as they are, whatever registry the packages came from. The form
is that of cacache, which is pinned with npm: contents by their checksum, and an index of the answers to requests.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from agents.types import SourceFile

# Reserved for names that lead nowhere.
REGISTRY = "http://registry.invalid/"
FOLDER = "npm"
KEPT = (
    "dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta", "bin", "engines", "os", "cpu",
    "libc", "hasInstallScript",
)  # fmt: skip
DOCUMENT_TYPES = ("application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*", "application/json")
# Any time does: without a network nothing is too old.
THEN = 1_700_000_000_000


def content_path(cache: Path, integrity: str) -> Path:
    """Where a cache keeps the content with a checksum such as 'sha512-…'."""
    kind, _, digest = integrity.partition("-")
    name = base64.b64decode(digest).hex()
    return cache / "content-v2" / kind / name[:2] / name[2:4] / name[4:]


class _Answer(NamedTuple):
    """What is answered to a request for an address, by the checksum of its content."""

    address: str
    integrity: str
    size: int
    kind: str
    accepted: tuple[str | None, ...]


def cache_files(entries: dict[str, dict[str, Any]], contents: dict[str, bytes]) -> tuple[SourceFile, ...]:
    """The cache for a lock's entries, as files below ``/deps``."""
    files: dict[str, bytes] = {}
    documents: dict[str, dict[str, Any]] = {}
    root = Path(FOLDER) / "_cacache"
    for place, entry in entries.items():
        name, version, integrity = place.rpartition("node_modules/")[2], entry["version"], entry["integrity"]
        address = f"{REGISTRY}{name}/-/{version}.tgz"
        files[str(content_path(root, integrity))] = contents[integrity]
        packed = _Answer(address, integrity, len(contents[integrity]), "application/octet-stream", (None,))
        files |= _index(root, packed)
        kept = {key: entry[key] for key in KEPT if key in entry}
        document = documents.setdefault(name, {"name": name, "dist-tags": {}, "versions": {}})
        document["dist-tags"]["latest"] = version
        dist = {"integrity": integrity, "tarball": address}
        document["versions"][version] = {"name": name, "version": version, **kept, "dist": dist}
    for name, document in documents.items():
        body = json.dumps(document).encode()
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(body).digest()).decode()}"
        files[str(content_path(root, integrity))] = body
        address = REGISTRY + name.replace("/", "%2f")
        files |= _index(root, _Answer(address, integrity, len(body), "application/json", DOCUMENT_TYPES))
    return tuple(SourceFile(path, content) for path, content in files.items())


def _index(root: Path, answer: _Answer) -> dict[str, bytes]:
    """The index's file for an address."""
    key = f"make-fetch-happen:request-cache:{answer.address}"
    name = hashlib.sha256(key.encode()).hexdigest()
    lines = b""
    for accept in answer.accepted:
        metadata = {
            "time": THEN,
            "url": answer.address,
            "reqHeaders": {} if accept is None else {"accept": accept},
            "resHeaders": {"content-type": answer.kind},
            "options": {"compress": True},
        }
        entry = {"key": key, "integrity": answer.integrity, "time": THEN, "size": answer.size, "metadata": metadata}
        text = json.dumps(entry, separators=(",", ":"))
        lines += f"\n{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()}\t{text}".encode()
    return {str(root / "index-v5" / name[:2] / name[2:4] / name[4:]): lines}
