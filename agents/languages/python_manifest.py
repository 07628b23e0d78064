"""requirements.txt: names and versions only, fetched as wheels into a cache without running any package's code."""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import portalocker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from agents.errors import DependencyError
from agents.languages.base import Fetched, PackageCache
from agents.languages.cached import trim, write
from agents.programs import CALL_SECONDS, call, platform_options, reason
from agents.types import SourceFile

PYTHON_VERSION = "3.11"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?")
MAX_WHEELS_BYTES = 300 * 1024 * 1024


def read_manifest(text: str) -> tuple[str, ...]:
    """The requirements of a manifest. Raises DependencyError naming a line that is not a name and versions."""
    found = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if line:
            found.append(_checked(line, f"requirements.txt line {number}"))
    return tuple(found)


def _checked(line: str, where: str) -> str:
    if line.startswith("-") or "\\" in line:
        raise DependencyError(f"{where} is an option ({line[:60]!r}); only names and versions are allowed.")
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        raise DependencyError(f"{where} is not a name with versions: {line[:60]!r}.") from error
    if requirement.url:
        raise DependencyError(f"{where} names an address ({line[:60]!r}); only names and versions are allowed.")
    return str(requirement)


def write_manifest(_before: str, requirements: tuple[str, ...]) -> str:
    """A manifest of these requirements."""
    return "".join(f"{line}\n" for line in requirements)


def unpinned(requirement: str) -> str:
    """The name with its extras."""
    match = _NAME.match(requirement)
    return requirement if match is None else match[0]


def pinned(requirement: str, fetched: Fetched) -> str:
    """The lock's line for a requirement, or the requirement where the lock has none."""
    pins = {canonicalize_name(Requirement(pin).name): pin for pin in fetched.lock.splitlines()}
    return pins.get(canonicalize_name(Requirement(requirement).name), requirement)


def fetch(manifest: tuple[str, ...], cache: PackageCache, *, stop: Callable[[], bool]) -> Fetched:
    """Bring every wheel that the requirements need into the cache, and give them with the lock.

    The second time nothing is asked of the network. Raises DependencyError naming what cannot be had.
    """
    specs = tuple(sorted(_checked(line, "A requirement") for line in manifest))
    if not specs:
        return Fetched((), "", from_cache=True)
    wheels, locks = cache.folder / "python" / "wheels", cache.folder / "python" / "locks"
    for folder in (wheels, locks):
        folder.mkdir(parents=True, exist_ok=True)
    lock_file = locks / f"{hashlib.sha256(repr((PYTHON_VERSION, specs)).encode()).hexdigest()}.txt"
    with portalocker.Lock(cache.folder / "python" / ".lock", timeout=CALL_SECONDS):
        lock = lock_file.read_text() if lock_file.exists() else _resolve(specs, stop)
        found = _wheels_for(lock, wheels)
        from_cache = lock_file.exists() and found is not None
        if found is None:
            _download(lock, wheels, stop)
            found = _wheels_for(lock, wheels)
        if found is None:
            raise DependencyError("The package index gave no wheel for a requirement; choose another version.")
        write(lock_file, lock)
        files = tuple(SourceFile(f"wheels/{path.name}", path.read_bytes()) for path in found)
        trim(wheels.glob("*.whl"), cache.most_bytes, keep=set(found))
    if sum(len(file.content) for file in files) > MAX_WHEELS_BYTES:
        raise DependencyError(f"The dependencies are larger than {MAX_WHEELS_BYTES // 1024**2} MiB; use fewer.")
    return Fetched((*files, SourceFile("requirements.lock", lock.encode())), lock, from_cache)


def modules_in(fetched: Fetched, declared: tuple[str, ...]) -> frozenset[str]:
    """The top-level modules that the wheels of the declared requirements hold, whatever those are called.

    What came along only because another package wants it does not count as declared.
    """
    names = {canonicalize_name(Requirement(line).name) for line in declared}
    found: set[str] = set()
    for file in fetched.files:
        if file.path.endswith(".whl") and parse_wheel_filename(Path(file.path).name)[0] in names:
            with zipfile.ZipFile(io.BytesIO(file.content)) as wheel:
                found |= {_top_module(name) for name in wheel.namelist()}
    return frozenset(found - {""})


def _top_module(name: str) -> str:
    """'attr' for 'attr/__init__.py' and 'six' for 'six.py'; '' for a wheel's own records."""
    name = re.sub(r"^[^/]+\.data/(?:purelib|platlib)/", "", name)
    first, _, rest = name.partition("/")
    if first.endswith((".dist-info", ".data")):
        return ""
    return first if rest else first.split(".")[0] if first.endswith((".py", ".so")) else ""


def _resolve(specs: tuple[str, ...], stop: Callable[[], bool]) -> str:
    """Pins for all requirements and what they need; metadata comes from wheels only, nothing is built."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "-q", "--no-build", "--no-annotate", "--no-header", "--no-emit-index-url"]
    command += ["--python-version", PYTHON_VERSION, "--python-platform", "linux", "-"]
    code, out, err = call(command, "\n".join(specs), stop=stop)
    if code:
        raise DependencyError(f"The dependencies cannot be resolved. {reason(err)}")
    return "\n".join(line for line in out.splitlines() if line.strip() and not line.startswith("--")) + "\n"


def _download(lock: str, wheels: Path, stop: Callable[[], bool]) -> None:
    with tempfile.TemporaryDirectory(dir=wheels.parent) as folder:
        pins = Path(folder) / "requirements.lock"
        pins.write_text(lock)
        command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "--no-deps"]
        command += ["--python-version", PYTHON_VERSION, "--implementation", "cp", "--disable-pip-version-check"]
        code, _out, err = call([*command, *platform_options(), "-d", folder, "-r", str(pins)], stop=stop)
        if code:
            raise DependencyError(f"A dependency could not be fetched. {reason(err)}")
        for wheel in Path(folder).glob("*.whl"):
            wheel.replace(wheels / wheel.name)


def _wheels_for(lock: str, wheels: Path) -> list[Path] | None:
    """The cached wheels of all pins, or None when one is missing."""
    there: dict[tuple[str, str], Path] = {}
    for path in wheels.glob("*.whl"):
        name, version, _build, _tags = parse_wheel_filename(path.name)
        there[(str(name), str(version))] = path
    found = []
    for line in lock.splitlines():
        requirement = Requirement(line)
        pinned = str(Version(next(iter(requirement.specifier)).version))
        wheel = there.get((canonicalize_name(requirement.name), pinned))
        if wheel is None:
            return None
        os.utime(wheel)
        found.append(wheel)
    return found
