"""The ASGI application for web servers; an installation that must not start says why instead."""

from __future__ import annotations

import os
import sys

from autocoder_site.protocols import application
from generations.stored_keys import refusal

__all__ = ["application"]

if problem := refusal():
    sys.stderr.write(f"{problem}\n")
    raise SystemExit(os.EX_CONFIG)
