"""The administrator's view of everything that is stored."""

from generations.admin import catalogue, checkpoints, keys, ledger, memory, projects, runs

__all__ = ["catalogue", "checkpoints", "keys", "ledger", "memory", "projects", "runs"]
