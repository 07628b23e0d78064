"""What tells this installation from others on the same machine."""

from __future__ import annotations

import hashlib

from django.db import connection


def installation() -> str:
    """A short name for this database: what is labelled with it is not taken for that of another site."""
    database = connection.settings_dict
    identity = "\0".join(str(database[part]) for part in ("ENGINE", "HOST", "PORT", "NAME"))
    return hashlib.sha256(identity.encode()).hexdigest()[:12]
