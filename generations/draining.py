"""A worker that was told to end takes no new run and gives back those it has. All processes of a cluster know it."""

from __future__ import annotations

import mmap
import struct
import time

# Shared with every process that is forked from this one; the clock is the same in all of them.
_until = mmap.mmap(-1, 8)


def begin(seconds: float) -> None:
    """From now on take no run; after ``seconds`` break off those that have not come to a checkpoint."""
    _until[:] = struct.pack("d", time.monotonic() + seconds)


def withdraw() -> None:
    """Go on as if nobody had been told to end; for tests that drain in their own process."""
    _until[:] = bytes(8)


def begun() -> bool:
    """Whether this worker was told to end."""
    return _deadline() != 0.0


def overdue() -> bool:
    """Whether it was, and runs had their time to come to a checkpoint."""
    return begun() and time.monotonic() >= _deadline()


def _deadline() -> float:
    return float(struct.unpack("d", _until[:])[0])
