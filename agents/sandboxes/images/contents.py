"""What is copied into each language's image: programs of pinned versions and the tools that look at its files."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import portalocker

from agents.errors import DependencyError, SandboxUnavailable
from agents.programs import CALL_SECONDS, GO, NODE, call, folder_of, linux_machine, pins_of, reason, without

HERE = Path(__file__).parent
_NODE_FILES = HERE / "node"
GO_PARTS = ("VERSION", "bin", "go.env", "lib", "pkg/include", "src")
GO_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(linux_machine(), linux_machine())
# Go brings its source alone, which the image leaves out.
COVERAGE_TOOL = f"go/pkg/tool/linux_{GO_MACHINE}/covdata"
_UNUSED = re.compile(r"^go/src/(cmd/|.*_test\.go$|.*/testdata/)")
_Entries = dict[str, Path]


def _python(_cache: Path) -> _Entries:
    return {"uv": Path(sys.executable).with_name("uv")}


def _node(cache: Path) -> _Entries:
    """Node.js with npm, and the tools with our rules beside them."""
    node, tools = folder_of(NODE, cache, for_image=True), node_tools(cache)
    npm = "lib/node_modules/npm"
    return {
        "node/bin/node": node / "bin/node",
        f"node/{npm}": node / npm,
        "node/bin/npm": _NODE_FILES / "npm",
        "node/bin/npx": _NODE_FILES / "npx",
        "tools": tools,
    }


def node_tools(cache: Path) -> Path:
    """The folder of the tools for JavaScript and TypeScript; fetched the first time. Raises DependencyError."""
    folder = cache / "programs" / f"node-tools-{_digest(_NODE_FILES).hex()[:12]}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with portalocker.Lock(folder.parent / ".tools-lock", timeout=CALL_SECONDS):
        if not folder.exists():
            _fetch_tools(cache, folder)
    return folder


def _fetch_tools(cache: Path, folder: Path) -> None:
    node = folder_of(NODE, cache)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "tools"
        shutil.copytree(_NODE_FILES, made, ignore=shutil.ignore_patterns("npm", "npx"))
        command = [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js"), "ci"]
        command += ["--ignore-scripts", "--no-audit", "--no-fund", "--os=linux", "--cache", str(cache / "node" / "npm")]
        code, _out, err = call(command, folder=made, environment=without(("NODE_OPTIONS",)))
        if code:
            raise DependencyError(f"The tools for JavaScript could not be fetched. {reason(err)}")
        made.replace(folder)


def _go(cache: Path) -> _Entries:
    """Go, and the standard library as it compiled it."""
    go = folder_of(GO, cache, for_image=True)
    library, parts = go_library(cache), {f"go/{name}": go / name for name in GO_PARTS}
    return {**parts, "go/pkg/tool": go / "pkg/tool", COVERAGE_TOOL: library / "covdata", "gocache": library / "cache"}


def go_library(cache: Path) -> Path:
    """The folder of the compiled standard library; made the first time. Raises DependencyError."""
    folder = cache / "programs" / f"go-library-{hashlib.sha256(_go_pins()).hexdigest()[:12]}-{linux_machine()}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with portalocker.Lock(folder.parent / ".library-lock", timeout=CALL_SECONDS):
        if not folder.exists():
            _compile_library(cache, folder)
    return folder


def _compile_library(cache: Path, folder: Path) -> None:
    """Compile a program of ours that imports it; an application's builds have the same inputs, so they find it."""
    go = folder_of(GO, cache)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "library"
        environment = without(("GOROOT", "GOFLAGS", "GOWORK", "GOEXPERIMENT")) | {
            "GOCACHE": str(made / "cache"),
            "CGO_ENABLED": "0",
            "GOOS": "linux",
            "GOARCH": GO_MACHINE,
            "GOPROXY": "off",
            "GOENV": "off",
            "GOTOOLCHAIN": "local",
            "GOTELEMETRY": "off",
            "GOPATH": temporary,
        }
        # Each of them keeps something else: what the compiler, vet and vet before tests know of a package.
        steps = (
            ("build", "-o", str(made / "covdata"), "cmd/covdata"),
            ("vet", "-json", "./..."),
            ("test", "-exec", "/bin/true", "-cover", "."),
            ("build", "-o", os.devnull, "."),
        )
        for words in steps:
            code, _out, err = call([str(go / "bin/go"), *words], folder=HERE / "go", environment=environment)
            if code:
                raise DependencyError(f"Go's standard library could not be compiled. {reason(err)}")
        made.replace(folder)


def _go_pins() -> bytes:
    return pins_of(GO).encode() + _digest(HERE / "go")


# An image's key and what it holds.
CONTENTS: dict[str, Callable[[Path], _Entries]] = {"python": _python, "node": _node, "go": _go}
_PINS: dict[str, Callable[[], bytes]] = {
    "python": lambda: b"",
    "node": lambda: pins_of(NODE).encode() + _digest(_NODE_FILES),
    "go": _go_pins,
}


def contents_digest(language: str) -> bytes:
    """Stands for the versions of all that is copied into an image."""
    return (HERE / "measure.py").read_bytes() + _PINS[language]()


def context_of(language: str, dockerfile: bytes, cache: Path, into: IO[bytes]) -> None:
    """Write the build's context as a tar: the recipe, the wrapper, and the language's contents.

    Raises SandboxUnavailable when a program cannot be fetched.
    """
    try:
        entries = CONTENTS[language](cache)
    except DependencyError as error:
        raise SandboxUnavailable(f"The sandbox image could not be made: {error}") from error
    with tarfile.open(fileobj=into, mode="w") as archive:
        recipe = tarfile.TarInfo("Dockerfile")
        recipe.size = len(dockerfile)
        archive.addfile(recipe, io.BytesIO(dockerfile))
        for name, path in {"measure.py": HERE / "measure.py", **entries}.items():
            archive.add(path, name, filter=_owned_by_root)


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Readable by everybody, and the same whoever makes the image: the engine keeps a layer that it knows.

    What compiles Go itself and tests its library is left out.
    """
    if _UNUSED.search(entry.name):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode |= 0o555 if entry.isdir() or entry.mode & 0o100 else 0o444
    return entry


def _digest(folder: Path) -> bytes:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(f"{path.relative_to(folder)}\0{os.access(path, os.X_OK)}\0".encode() + path.read_bytes())
    return found.digest()
