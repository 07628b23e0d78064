"""Vectors in a Chroma server, reached over HTTP: a shared folder loses vectors, a server does not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from agents.errors import MemoryUnavailable
from agents.memory.base import Hit

T = TypeVar("T")
SECONDS = 10.0
LABEL = "installation"


class ChromaIndex:
    """One collection a scope, cosine space. Connects at the first use; safe from several threads.

    New collections get the installation's ``label``. Only those with it are looked through or dropped by the lot, since
    the server may hold those of others.
    """

    def __init__(self, url: str, label: str = "") -> None:
        self._url = url
        self._label = label
        self._client: Any = None

    def upsert(self, scope: str, vectors: dict[str, list[float]]) -> None:
        """Store vectors by entry id. Raises MemoryUnavailable."""
        if vectors:
            self._guarded(lambda: self._collection(scope).upsert(ids=list(vectors), embeddings=list(vectors.values())))

    def query(self, scope: str, vector: list[float], limit: int) -> list[Hit]:
        """Nearest first; an empty or missing scope gives no hits. Raises MemoryUnavailable."""
        return self._guarded(lambda: self._query(scope, vector, limit))

    def delete(self, scope: str, entries: Sequence[str]) -> None:
        """Forget entries. Raises MemoryUnavailable."""
        if entries:
            self._guarded(lambda: self._collection(scope).delete(ids=list(entries)))

    def drop(self, scope: str) -> None:
        """Forget a whole scope. Raises MemoryUnavailable."""
        self._guarded(lambda: self._drop(scope))

    def entries(self, scopes: Iterable[str]) -> dict[str, list[str]]:
        """The ids of all entries of those of these scopes that are there and ours. Raises MemoryUnavailable."""
        return self._guarded(lambda: self._entries({collection_name(scope): scope for scope in scopes}))

    def drop_others(self, scopes: Iterable[str]) -> int:
        """Forget every scope of ours but these; gives the number of vectors. Raises MemoryUnavailable."""
        return self._guarded(lambda: self._drop_others({collection_name(scope) for scope in scopes}))

    def _entries(self, scopes: dict[str, str]) -> dict[str, list[str]]:
        there = [one for one in self._ours() if one.name in scopes]
        return {scopes[one.name]: [str(entry) for entry in one.get(include=[])["ids"]] for one in there}

    def _drop_others(self, names: set[str]) -> int:
        count = 0
        for collection in self._ours():
            if collection.name not in names:
                count += collection.count()
                self._connected().delete_collection(collection.name)
        return count

    def _ours(self) -> list[Any]:
        found = self._connected().list_collections()
        return [one for one in found if self._label and (one.metadata or {}).get(LABEL) == self._label]

    def _query(self, scope: str, vector: list[float], limit: int) -> list[Hit]:
        collection = self._collection(scope)
        count = collection.count()
        if count == 0:
            # The server answers a query of a still empty collection with an error.
            return []
        found = collection.query(query_embeddings=[vector], n_results=min(limit, count), include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [Hit(entry, 1.0 - float(distance)) for entry, distance in pairs]

    def _drop(self, scope: str) -> None:
        name = collection_name(scope)
        if name in [collection.name for collection in self._connected().list_collections()]:
            self._connected().delete_collection(name)

    def _collection(self, scope: str) -> Any:
        return self._connected().get_or_create_collection(
            collection_name(scope),
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
            metadata={LABEL: self._label} if self._label else None,
        )

    def _connected(self) -> Any:
        if self._client is None:
            import chromadb  # noqa: PLC0415 - takes 0.7 s, and must not be loaded before the worker forks
            from chromadb.config import Settings  # noqa: PLC0415

            parts = urlsplit(self._url)
            settings = Settings(anonymized_telemetry=False, chroma_query_request_timeout_seconds=int(SECONDS))
            self._client = chromadb.HttpClient(
                host=parts.hostname or "127.0.0.1",
                port=parts.port or 8000,
                ssl=parts.scheme == "https",
                settings=settings,
            )
        return self._client

    def _guarded(self, action: Callable[[], T]) -> T:
        """Do it; whatever the server, its client or the connection raises becomes MemoryUnavailable."""
        import httpx  # noqa: PLC0415 - comes with chromadb
        from chromadb.errors import ChromaError  # noqa: PLC0415

        try:
            return action()
        except (ChromaError, httpx.HTTPError, OSError, ValueError) as error:
            self._client = None
            raise MemoryUnavailable(
                "The vector store does not answer, so nothing was recalled. Check the 'vectors' process."
            ) from error


def collection_name(scope: str) -> str:
    """A name that Chroma takes (3 to 63 plain characters), different for different scopes."""
    return f"scope-{hashlib.sha256(scope.encode()).hexdigest()[:40]}"
