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
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import portalocker

from agents.errors import DependencyError, SandboxUnavailable
from agents.programs import CALL_SECONDS, GO, NODE, call, folder_of, linux_machine, pins_of, place_of, reason, without

HERE = Path(__file__).parent
_NODE_FILES = HERE / "node"
GO_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(linux_machine(), linux_machine())
_UNUSED = re.compile(r"^go/(misc/|src/cmd/|src/.*_test\.go$|src/.*/testdata/)")
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
    return _made(_tools_place(cache), lambda folder: _fetch_tools(cache, folder))


def _tools_place(cache: Path) -> Path:
    return cache / "programs" / f"node-tools-{_digest(_NODE_FILES).hex()[:12]}"


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
    library = go_library(cache)
    return {"go": place_of(GO, cache, for_image=True), "gocache": library}


def go_library(cache: Path) -> Path:
    """The folder of the compiled standard library; made the first time. Raises DependencyError."""
    return _made(_library_place(cache), lambda folder: _compile_library(cache, folder))


def _library_place(cache: Path) -> Path:
    return cache / "programs" / f"go-library-{hashlib.sha256(_go_pins()).hexdigest()[:12]}-{linux_machine()}"


def _compile_library(cache: Path, folder: Path) -> None:
    """Compile a program of ours that imports it; an application's builds have the same inputs, so they find it."""
    go, used = folder_of(GO, cache), folder_of(GO, cache, for_image=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "library"
        environment = without(("GOROOT", "GOFLAGS", "GOWORK", "GOEXPERIMENT")) | {
            "GOCACHE": str(made),
            "CGO_ENABLED": "0",
            "GOOS": "linux",
            "GOARCH": GO_MACHINE,
            "GOPROXY": "off",
            "GOENV": "off",
            "GOTOOLCHAIN": "local",
            "GOTELEMETRY": "off",
            "GOPATH": temporary,
        }
        # Each of them keeps something else: what the compiler, vet and vet before tests know of a package. The first is
        # a tool that Go brings the source of, and wants for coverage.
        steps = (
            ("build", "-o", str(used / f"pkg/tool/linux_{GO_MACHINE}/covdata"), "cmd/covdata"),
            ("vet", "-json", "./..."),
            ("test", "-exec", "/bin/true", "-cover", "."),
            ("build", "-o", os.devnull, "."),
        )
        for words in steps:
            code, _out, err = call([str(go / "bin/go"), *words], folder=HERE / "go", environment=environment)
            if code:
                raise DependencyError(f"Go's standard library could not be compiled. {reason(err)}")
        made.replace(folder)


def _made(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that is made whole the first time it is wanted, by one process alone."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with portalocker.Lock(folder.parent / f".{folder.name}.lock", timeout=CALL_SECONDS):
            if not folder.exists():
                make(folder)
    return folder


def _go_pins() -> bytes:
    return pins_of(GO).encode() + _digest(HERE / "go")


# An image's key and what it holds.
CONTENTS: dict[str, Callable[[Path], _Entries]] = {"python": _python, "node": _node, "go": _go}
_PINS: dict[str, Callable[[], bytes]] = {
    "python": lambda: b"",
    "node": lambda: pins_of(NODE).encode() + _digest(_NODE_FILES),
    "go": _go_pins,
}


@dataclass(frozen=True, slots=True)
class Lent:
    """What a sandbox without an image is lent for a language: folders and files of this machine by their place inside,
    and links (their place, and where they lead)."""

    binds: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def prepare(language: str, cache: Path) -> None:
    """Fetch and make what an image, or a sandbox without one, holds for a language. Raises SandboxUnavailable."""
    try:
        CONTENTS[language](cache)
    except DependencyError as error:
        raise SandboxUnavailable(f"The programs for '{language}' could not be had: {error}") from error


def lent(language: str, cache: Path) -> Lent | None:
    """What is lent for a language; None while it was not prepared."""
    if language == "python":
        return Lent()
    node, go = place_of(NODE, cache), place_of(GO, cache)
    own = {name: f"/opt/autocoder/bin/{name}" for name in ("npm", "npx")}
    known = {
        "node": Lent(
            binds=(
                (str(node), "/opt/node"),
                (str(_tools_place(cache)), "/opt/tools"),
                *((str(_NODE_FILES / name), place) for name, place in own.items()),
            ),
            links=(
                ("/usr/local/bin/node", "/opt/node/bin/node"),
                *((f"/usr/local/bin/{name}", place) for name, place in own.items()),
                ("/node_modules", "/deps/node_modules"),
            ),
        ),
        "go": Lent(
            binds=((str(go), "/opt/go"), (str(_library_place(cache)), "/opt/gocache")),
            links=tuple((f"/usr/local/bin/{name}", f"/opt/go/bin/{name}") for name in ("go", "gofmt")),
        ),
    }
    found = known.get(language)
    return found if found is not None and all(Path(source).exists() for source, _place in found.binds) else None


def contents_digest(language: str) -> bytes:
    """Stands for the versions of all that is copied into an image."""
    return (HERE / "measure.py").read_bytes() + _PINS[language]()


def context_of(language: str, dockerfile: bytes, cache: Path, into: IO[bytes]) -> None:
    """Write the build's context as a tar: the recipe, the wrapper, and the language's contents.

    Raises SandboxUnavailable when a program cannot be fetched.
    """
    prepare(language, cache)
    entries = CONTENTS[language](cache)
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
