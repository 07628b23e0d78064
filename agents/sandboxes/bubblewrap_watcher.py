"""Bounds the memory of a bubblewrap sandbox where no control group does: bubblewrap_watcher.py BOUNDS

Runs beside the supervisor, above the namespaces of the commands: it sees all their processes, and none sees it. Kills
the biggest process when all of them and the files in memory take more than ``memory`` bytes, as the kernel does in a
control group; and all of them when the machine has less than ``spare`` bytes left, whatever took them.
"""

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

SECONDS = 0.05


def kernel_bytes(path: str, *names: str) -> int:
    """The sum of some lines of one of the kernel's files, which tell KiB; 0 when the process is gone."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))


def kill(pid: int) -> None:
    """Kill a process that may be gone; -1 means all but this one and the first."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def look(bounds: dict[str, Any]) -> None:
    """Kill what must go now."""
    if kernel_bytes("/proc/meminfo", "MemAvailable:") < bounds["spare"]:
        kill(-1)
    usages = [os.statvfs(folder) for folder in bounds["folders"]]
    files = sum((usage.f_blocks - usage.f_bfree) * usage.f_frsize for usage in usages)
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and path.name != "1"]
    sizes = {pid: kernel_bytes(f"/proc/{pid}/status", "VmRSS:", "VmSwap:") for pid in pids}
    if files + sum(sizes.values()) <= bounds["memory"]:
        return
    # Pages that forked processes share were counted once for each; the exact figure takes longer to get.
    sizes = {pid: kernel_bytes(f"/proc/{pid}/smaps_rollup", "Pss:", "SwapPss:") or size for pid, size in sizes.items()}
    excess = files + sum(sizes.values()) - bounds["memory"]
    for pid in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0:
            return
        excess -= sizes[pid]
        kill(pid)


def main() -> None:
    """Look again and again; ends with the command that it was started for."""
    bounds = json.loads(sys.argv[1])
    while True:
        look(bounds)
        time.sleep(SECONDS)


if __name__ == "__main__":
    main()
