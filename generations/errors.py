"""Errors of the app. Each message is a sentence for the person."""

from __future__ import annotations

from agents.errors import AgentError


class LaunchError(AgentError):
    """An order that cannot be taken; ``field`` is the form field that the sentence belongs to, '' for all."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooMany(LaunchError):
    """More than is allowed in a while; ``wait`` is the seconds until there is room again."""

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class KeyUnreadable(AgentError):
    """A stored provider key that the encryption keys of this installation do not open."""


class OutputRefused(AgentError):
    """A folder that an application's files must not be written to."""


class BackupError(AgentError):
    """A backup that cannot be made, or cannot be restored here."""
