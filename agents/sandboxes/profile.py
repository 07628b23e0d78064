"""The one frozen set of limits. No word of a model or user reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

MIB = 1024 * 1024
OUTPUT_LIMIT = 1 * MIB
UID = 10001


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits of one sandbox: bytes, counts, cores. ``writable`` maps folders to their size in bytes."""

    memory: int
    cpus: float
    processes: int
    file_size: int
    open_files: int
    files: int
    shared_memory: int
    writable: MappingProxyType[str, int]


PROFILE = Profile(
    memory=1024 * MIB,
    cpus=2.0,
    processes=256,
    # Packages hold libraries of 100 MiB.
    file_size=192 * MIB,
    open_files=1024,
    # In each of the folders.
    files=20_000,
    # /dev/shm
    shared_memory=16 * MIB,
    # Folders in memory; they count towards the memory limit. /deps takes the packages, /work the application.
    writable=MappingProxyType({"/work": 256 * MIB, "/deps": 384 * MIB, "/tmp": 128 * MIB}),  # noqa: S108 - in the sandbox
)

# All that a command finds in its environment, besides what the toolchain adds.
ENVIRONMENT = MappingProxyType(
    {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC"}  # noqa: S108
)
