"""Control groups for a bubblewrap sandbox, where this process may make them: memory, processes and CPU of all of it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from agents.sandboxes.profile import Profile

ROOT = Path("/sys/fs/cgroup")
OURS = "autocoder"
PERIOD = 100_000
REMOVE_SECONDS = 5.0


class ControlGroups:
    """Makes and removes the groups of sandboxes, in version 2 or version 1 of control groups below a root folder."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self.version = 2 if (root / "cgroup.controllers").exists() else 1

    def make(self, name: str, profile: Profile) -> tuple[Path, ...]:
        """Groups with the profile's limits, to be joined by the sandbox's first process.

        Empty when this process may not make them; the sandbox must then be bounded in other ways.
        """
        made: list[Path] = []
        try:
            for folder, limits in self._limits(profile):
                group = folder / OURS / name
                group.parent.mkdir(exist_ok=True)
                if self.version == 2:
                    _delegate(folder)
                group.mkdir()
                made.append(group)
                # In a plain folder, where no groups are mounted, writing would succeed and limit nothing.
                (group / "cgroup.procs").stat()
                for file, value in limits.items():
                    _set(group / file, value)
        except OSError:
            remove(made)
            return ()
        return tuple(made)

    def left_over(self, prefix: str) -> list[Path]:
        """Groups of ours whose name begins so."""
        folders = [self._root] if self.version == 2 else [self._root / name for name in ("memory", "pids", "cpu")]
        return [group for folder in folders for group in (folder / OURS).glob(f"{prefix}*") if group.is_dir()]

    def _limits(self, profile: Profile) -> list[tuple[Path, dict[str, str]]]:
        quota = int(profile.cpus * PERIOD)
        if self.version == 2:
            limits = {
                "memory.max": str(profile.memory),
                "memory.swap.max?": "0",
                "pids.max": str(profile.processes),
                "cpu.max": f"{quota} {PERIOD}",
            }
            return [(self._root, limits)]
        memory = {
            "memory.limit_in_bytes": str(profile.memory),
            "memory.memsw.limit_in_bytes?": str(profile.memory),
        }
        return [
            (self._root / "memory", memory),
            (self._root / "pids", {"pids.max": str(profile.processes)}),
            (self._root / "cpu", {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)}),
        ]


def _delegate(folder: Path) -> None:
    for place in (folder, folder / OURS):
        (place / "cgroup.subtree_control").write_text("+memory +pids +cpu")


def _set(path: Path, value: str) -> None:
    """Write a limit; one whose name ends with '?' is there only on kernels that count swap."""
    file = path.with_name(path.name.removesuffix("?"))
    if file == path or file.exists():
        file.write_text(value)


def remove(groups: list[Path] | tuple[Path, ...]) -> None:
    """Remove groups; the kernel refuses for a moment after the last process ended."""
    until = time.monotonic() + REMOVE_SECONDS
    for group in groups:
        while group.exists():
            with contextlib.suppress(OSError):
                group.rmdir()
                break
            if time.monotonic() > until:
                return
            time.sleep(0.01)
