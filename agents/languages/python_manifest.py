"""requirements.txt: names and versions only, fetched as wheels into a cache without running any package's code."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import portalocker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from agents.errors import DependencyError, Stopped
from agents.languages.base import Fetched
from agents.types import SourceFile

PYTHON_VERSION = "3.11"
# Of Debian 12, which both kinds of image are made from.
GLIBC_MINOR = 36
MAX_WHEELS_BYTES = 300 * 1024 * 1024
CACHE_BYTES = 2 * 1024**3
FETCH_SECONDS = 300.0


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


def fetch(manifest: tuple[str, ...], cache: Path, *, stop: Callable[[], bool]) -> Fetched:
    """Bring every wheel that the requirements need into the cache, and give them with the lock.

    The second time nothing is asked of the network. Raises DependencyError naming what cannot be had.
    """
    specs = tuple(sorted(_checked(line, "A requirement") for line in manifest))
    if not specs:
        return Fetched((), "", from_cache=True)
    wheels, locks = cache / "python" / "wheels", cache / "python" / "locks"
    for folder in (wheels, locks):
        folder.mkdir(parents=True, exist_ok=True)
    lock_file = locks / f"{hashlib.sha256(repr((PYTHON_VERSION, specs)).encode()).hexdigest()}.txt"
    with portalocker.Lock(cache / "python" / ".lock", timeout=FETCH_SECONDS):
        lock = lock_file.read_text() if lock_file.exists() else _resolve(specs, stop)
        found = _wheels_for(lock, wheels)
        from_cache = lock_file.exists() and found is not None
        if found is None:
            _download(lock, wheels, stop)
            found = _wheels_for(lock, wheels)
        if found is None:
            raise DependencyError("The package index gave no wheel for a requirement; choose another version.")
        _write(lock_file, lock)
        files = tuple(SourceFile(f"wheels/{path.name}", path.read_bytes()) for path in found)
        _trim(wheels, keep={path.name for path in found})
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
    code, out, err = _call(command, "\n".join(specs), stop)
    if code:
        raise DependencyError(f"The dependencies cannot be resolved. {_reason(err)}")
    return "\n".join(line for line in out.splitlines() if line.strip() and not line.startswith("--")) + "\n"


def _download(lock: str, wheels: Path, stop: Callable[[], bool]) -> None:
    with tempfile.TemporaryDirectory(dir=wheels.parent) as folder:
        pins = Path(folder) / "requirements.lock"
        pins.write_text(lock)
        command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "--no-deps"]
        command += ["--python-version", PYTHON_VERSION, "--implementation", "cp", "--disable-pip-version-check"]
        for platform in _platforms():
            command += ["--platform", platform]
        code, _out, err = _call([*command, "-d", folder, "-r", str(pins)], "", stop)
        if code:
            raise DependencyError(f"A dependency could not be fetched. {_reason(err)}")
        for wheel in Path(folder).glob("*.whl"):
            wheel.replace(wheels / wheel.name)


def _platforms() -> tuple[str, ...]:
    """Every tag that the sandbox's C library fits: pip takes those that it is given, and no older ones by itself."""
    machine = os.uname().machine
    newer = (f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC_MINOR, 4, -1))
    return (*newer, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}")


def _call(command: list[str], stdin: str, stop: Callable[[], bool]) -> tuple[int, str, str]:
    """Run one of our own programs, polling ``stop``; gives code, output, errors."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, tempfile.TemporaryFile("w+") as fed:
        fed.write(stdin)
        fed.seek(0)
        process = subprocess.Popen(command, stdin=fed, stdout=out, stderr=err)
        waited = 0.0
        while True:
            try:
                code = process.wait(0.2)
                break
            except subprocess.TimeoutExpired as late:
                waited += 0.2
                if stop() or waited > FETCH_SECONDS:
                    process.kill()
                    process.wait()
                    if waited > FETCH_SECONDS:
                        raise DependencyError("The package index did not answer in time; try again later.") from late
                    raise Stopped("Stopped at your request.") from late
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


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


def _trim(wheels: Path, keep: set[str]) -> None:
    """Drop the wheels that were used longest ago, down to the size limit."""
    paths = sorted(wheels.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    total = sum(path.stat().st_size for path in paths)
    for path in paths:
        if total <= CACHE_BYTES:
            return
        if path.name not in keep:
            total -= path.stat().st_size
            path.unlink()


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _reason(errors: str) -> str:
    """The resolver's own words in one line, without its drawing characters and addresses."""
    told = [
        line for line in errors.splitlines() if not line.lstrip().startswith(("WARNING", "DEPRECATION", "[notice]"))
    ]
    words = re.sub(r"(?:https?|file)://\S+", "the package index", "\n".join(told))
    words = re.sub(r"[^\x20-\x7e\n]", " ", words)
    lines = [line.strip() for line in words.splitlines() if line.strip() and "retr" not in line.lower()]
    return " ".join(" ".join(lines).split())[:600]
