"""The administrator's view of everything that is stored."""

from generations.admin import catalogue, checkpoints, endpoints, keys, ledger, limits, memory, projects, runs, users

__all__ = ["catalogue", "checkpoints", "endpoints", "keys", "ledger", "limits", "memory", "projects", "runs", "users"]
