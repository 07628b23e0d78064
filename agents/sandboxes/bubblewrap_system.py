"""What a bubblewrap sandbox shows of this machine, and in which words bubblewrap is told."""

from __future__ import annotations

import os
import platform
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agents.sandboxes.images.contents import Lent
from agents.sandboxes.measuring import MEASURE
from agents.sandboxes.profile import PROFILE, UID
from agents.sandboxes.seccomp.numbers import machines
from agents.sandboxes.seccomp.program import filter_for

HERE = Path(__file__).parent
NOTHING = Lent()
# The version in the image of the same name: the wheels that are fetched are for it.
VERSION = (3, 11)
PYTHON = f"python{VERSION[0]}.{VERSION[1]}"
PREFIX = "/opt/python"
INSIDE = "/opt/autocoder"

# Written by us, so that nothing of this machine's accounts and names is to be read.
FILES: Mapping[str, str] = MappingProxyType(
    {
        "/etc/passwd": f"root:x:0:0:root:/:/bin/false\napp:x:{UID}:{UID}:app:/tmp:/bin/sh\n",
        "/etc/group": f"root:x:0:\napp:x:{UID}:\n",
        "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
)
FOLDERS: Mapping[str, int] = MappingProxyType({**PROFILE.writable, "/dev/shm": PROFILE.shared_memory})  # noqa: S108 - in the sandbox

REMEDY_INSTALL = "Install it (Debian and Ubuntu: apt install bubblewrap), or start a Docker engine."
REMEDY_PYTHON = f"Install {PYTHON} and make the environment with it, or start a Docker engine."
REMEDY_UV = "Install what requirements.txt names, or start a Docker engine."
REMEDY_MACHINE = "Start a Docker engine."


class CannotStart(Exception):
    """Why no sandbox can be started here, and what to do: a sentence each."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.detail, self.remedy = detail, remedy


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are on this machine. ``prefix`` is the interpreter's own folder, ``version`` its version."""

    bubblewrap: str
    uv: str
    prefix: Path
    version: str

    @property
    def python(self) -> str:
        """The interpreter's path inside the sandbox."""
        return f"{'/usr' if self.prefix == Path('/usr') else PREFIX}/bin/{PYTHON}"


def find_programs() -> Programs:
    """The programs that a sandbox needs. Raises CannotStart."""
    machine = os.uname().machine
    if machine not in machines():
        raise CannotStart(
            f"bubblewrap is not used on {machine}, whose system calls are not known here.", REMEDY_MACHINE
        )
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise CannotStart("bubblewrap is not installed.", REMEDY_INSTALL)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise CannotStart("uv is not installed in this environment.", REMEDY_UV)
    return Programs(bubblewrap, os.path.realpath(uv), *_interpreter())


def _interpreter() -> tuple[Path, str]:
    """Prefix and version of this interpreter behind its environment, or of the system's in the image's version."""
    own = Path(os.path.realpath(sys.base_prefix))
    if sys.version_info[:2] == VERSION and (own / "bin" / PYTHON).exists():
        return own, platform.python_version()
    found = shutil.which(PYTHON)
    if found is None:
        raise CannotStart(f"bubblewrap lends applications this machine's {PYTHON}, and there is none.", REMEDY_PYTHON)
    asked = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stdout
    return Path(os.path.realpath(found)).parent.parent, asked.removeprefix("Python ").strip()


def order(
    programs: Programs, tag: str, groups: tuple[Path, ...], files: dict[str, int], filter_: int, more: Lent = NOTHING
) -> dict[str, Any]:
    """The order for ``bubblewrap_launch``. Nothing in it comes from a model or a user; the tag holds ids of ours.

    ``files`` and ``filter_`` are open descriptors of what is read from memory; ``more`` is lent for a language.
    """
    processors = sorted(os.sched_getaffinity(0))
    few = random.sample(processors, min(len(processors), max(1, round(PROFILE.cpus))))
    return {
        "program": programs.bubblewrap,
        "groups": [str(group) for group in groups],
        "uid": UID,
        "processors": few,
        "before": _before(filter_),
        "binds": [*_binds(programs), *(list(pair) for pair in more.binds)],
        "after": _after(programs, tag, files, more),
    }


def configuration(*, watched: bool) -> dict[str, object]:
    """What the supervisor is told first. ``watched`` where no control group bounds the memory."""
    limits = {
        "RLIMIT_NPROC": PROFILE.processes,
        "RLIMIT_FSIZE": PROFILE.file_size,
        "RLIMIT_NOFILE": PROFILE.open_files,
        "RLIMIT_CORE": 0,
    }
    bounds = {"memory": PROFILE.memory, "spare": PROFILE.memory // 4, "folders": list(FOLDERS)}
    if watched:
        # Far above what programs touch: interpreters reserve much. It bounds what one takes between two looks.
        limits["RLIMIT_AS"] = 4 * PROFILE.memory
    return {
        "folders": dict(FOLDERS),
        "inodes": PROFILE.files,
        "limits": limits,
        "filter": filter_for().hex(),
        "watch": bounds if watched else None,
    }


def _before(filter_: int) -> list[str]:
    words = [
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-net",
        "--unshare-cgroup-try",
    ]
    words += ["--uid", str(UID), "--gid", str(UID), "--hostname", "sandbox"]
    # The supervisor is the first process; what it keeps, and why, is said there.
    words += ["--as-pid-1", "--die-with-parent", "--new-session", "--seccomp", str(filter_)]
    words += ["--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"]
    words += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        folder = Path("/") / name
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        words += ["--ro-bind-try", path, path]
    return words


def _binds(programs: Programs) -> list[list[str]]:
    """Pairs of a source, which may lie in a folder that is closed to the sandbox's user, and its place inside."""
    own = ("bubblewrap_supervisor.py", "bubblewrap_watcher.py")
    pairs = [[str(HERE / name), f"{INSIDE}/{name}"] for name in own]
    pairs.append([str(HERE / "images" / "measure.py"), MEASURE])
    pairs.append([programs.uv, f"{INSIDE}/bin/uv"])
    if programs.python.startswith(PREFIX):
        pairs.append([str(programs.prefix), PREFIX])
    return pairs


def _after(programs: Programs, tag: str, files: dict[str, int], more: Lent) -> list[str]:
    words = ["--proc", "/proc", "--dev", "/dev"]
    for path, descriptor in files.items():
        words += ["--ro-bind-data", str(descriptor), path]
    # What was installed on this machine by hand is not the application's; an interpreter there needs its libraries.
    local = "/usr/local/bin" if programs.prefix == Path("/usr/local") else "/usr/local"
    words += ["--tmpfs", local]
    for name in ("python", "python3", PYTHON):
        words += ["--symlink", programs.python, f"/usr/local/bin/{name}"]
    if programs.python.startswith(PREFIX) and list((programs.prefix / "lib").glob("libpython*.so*")):
        # It looks for its own library where it was installed; without this it could load the system's by the same name.
        words += ["--symlink", PREFIX, str(programs.prefix)]
    words += ["--symlink", f"{INSIDE}/bin/uv", "/usr/local/bin/uv"]
    for place, target in more.links:
        words += ["--symlink", target, place]
    words += ["--remount-ro", local]
    # Nor are the packages that the interpreter has besides its own.
    for packages in (f"lib/{PYTHON}/site-packages", "lib/python3/dist-packages"):
        if (programs.prefix / packages).is_dir():
            place = str(Path(programs.python).parent.parent / packages)
            words += ["--tmpfs", place, "--remount-ro", place]
    for folder in FOLDERS:
        words += ["--dir", folder]
    words += ["--chdir", "/", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*words, "--", programs.python, "-I", "-S", "-B", f"{INSIDE}/bubblewrap_supervisor.py", tag]
