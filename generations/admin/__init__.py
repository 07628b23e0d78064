"""The administrator's view of everything that is stored."""

from generations.admin import (
    allowances,
    attempts,
    catalogue,
    checkpoints,
    endpoints,
    keys,
    ledger,
    limits,
    memory,
    previews,
    projects,
    runs,
    users,
)

__all__ = [
    "allowances",
    "attempts",
    "catalogue",
    "checkpoints",
    "endpoints",
    "keys",
    "ledger",
    "limits",
    "memory",
    "previews",
    "projects",
    "runs",
    "users",
]
