"""Writes that outlive a short absence of the database."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 20.0
T = TypeVar("T")


def retrying(write: Callable[[], T], *, patience: float = PATIENCE_SECONDS) -> T:
    """Call ``write`` until the database takes it, for ``patience`` seconds at most; it must be one transaction.

    Inside an outer transaction there is one try: what failed in there cannot be said again.
    """
    deadline = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            return write()
        except OperationalError:
            if connection.in_atomic_block or time.monotonic() + pause > deadline:
                raise
            logger.warning("The database did not take a write; trying again in %.1f s", pause, exc_info=True)
            connection.close()
        time.sleep(pause)
        pause = min(2 * pause, 2.0)
