"""What a bare checkout needs before Django can be imported. Standard library only."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Problem(Exception):
    """Something the person at the terminal must do first; the message is one sentence that says what."""
