"""What a run may remember and recall. SQL holds the entries; a vector index only finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class MemoryKind(StrEnum):
    """What an entry tells."""

    APPLICATION = "application"
    SOLVED_ERROR = "solved_error"
    PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth remembering. ``text`` is what later runs are shown and what is embedded."""

    kind: MemoryKind
    title: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Recalled:
    """An entry found for a query; ``similarity`` is the cosine, 1 is the same direction."""

    entry: str
    kind: str
    title: str
    text: str
    source: str
    similarity: float


class Memory(Protocol):
    """One owner's memory. Entries of other owners cannot be reached through it."""

    def recall(self, query: str, *, kind: MemoryKind | None = None, limit: int = 4) -> list[Recalled]:
        """The nearest entries. Raises MemoryUnavailable."""

    def learn(self, note: Note) -> None:
        """Store one entry; succeeds without the index, which catches up later."""


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text. Raises MemoryUnavailable."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An id in the index and its cosine similarity to the query."""

    entry: str
    similarity: float


class VectorIndex(Protocol):
    """Vectors by scope (one scope per owner and embedder); losing it loses nothing."""

    def upsert(self, scope: str, vectors: dict[str, list[float]]) -> None:
        """Store vectors by entry id. Raises MemoryUnavailable."""

    def query(self, scope: str, vector: list[float], limit: int) -> list[Hit]:
        """Nearest first; an empty or missing scope gives no hits. Raises MemoryUnavailable."""

    def delete(self, scope: str, entries: Sequence[str]) -> None:
        """Forget entries. Raises MemoryUnavailable."""

    def drop(self, scope: str) -> None:
        """Forget a whole scope. Raises MemoryUnavailable."""
