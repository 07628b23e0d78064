"""One owner's memory: SQL rows are the truth, the vector index only finds them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from agents.errors import MemoryUnavailable
from agents.faults import fault
from agents.memory import EMBEDDERS, default_embedder
from agents.memory.base import Embedder, MemoryKind, Note, Recalled, VectorIndex
from agents.memory.chroma import ChromaIndex
from generations.installation import installation
from generations.keys import get_key
from generations.masking import mask, remember_secret
from generations.models import MemoryEntry, Run

logger = logging.getLogger(__name__)

MAX_TEXT = 4_000
CATCH_UP = 64
LEAST_SIMILARITY = 0.25


class OwnerMemory:
    """What one owner's runs learned. Nothing of other owners is reached: not by scope, and not by id.

    ``run`` is noted as the source of what is learned.
    """

    def __init__(
        self,
        owner: AbstractBaseUser,
        run: Run | None = None,
        *,
        index: VectorIndex | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._owner = owner
        self._run = run
        self._index = index or _site_index()
        self._given_embedder = embedder

    def recall(self, query: str, *, kind: MemoryKind | None = None, limit: int = 4) -> list[Recalled]:
        """The nearest entries, each looked up again in SQL by owner. Raises MemoryUnavailable."""
        rows = MemoryEntry.objects.for_user(self._owner)
        if not rows.exists():
            return []
        self.catch_up()
        embedder = self._embedder
        vector = embedder.embed([query[:MAX_TEXT]])[0]
        # A kind is chosen after the search, so more are asked for than are wanted.
        hits = self._index.query(self._scope, vector, limit * 5)
        similar = {hit.entry: hit.similarity for hit in hits if hit.similarity >= LEAST_SIMILARITY}
        found = rows.filter(pk__in=similar.keys()).select_related("run__project")
        if kind is not None:
            found = found.filter(kind=kind)
        recalled = [_recalled(row, similar[str(row.pk)]) for row in found]
        return sorted(recalled, key=lambda entry: -entry.similarity)[:limit]

    def learn(self, note: Note) -> None:
        """Store one entry, secrets masked; the same note twice is one entry. The index follows when it can."""
        text = mask(note.text)[:MAX_TEXT]
        fingerprint = hashlib.sha256(f"{note.kind}\0{note.language}\0{text}".encode()).hexdigest()
        MemoryEntry.objects.get_or_create(
            owner=self._owner,
            fingerprint=fingerprint,
            defaults={
                "run": self._run,
                "kind": note.kind,
                "title": mask(note.title)[:200],
                "text": text,
                "language": note.language,
            },
        )
        try:
            self.catch_up()
        except MemoryUnavailable:
            return  # the entry is stored; the next recall brings the index up to date

    def catch_up(self) -> int:
        """Bring entries that the index lacks into it; gives how many. Raises MemoryUnavailable."""
        embedder, done = self._embedder, 0
        missing = MemoryEntry.objects.for_user(self._owner).exclude(indexed_by=embedder.name)
        while rows := list(missing[:CATCH_UP]):
            vectors = embedder.embed([f"{row.title}\n{row.text}" for row in rows])
            fault("memory_upsert")
            self._index.upsert(self._scope, {str(r.pk): v for r, v in zip(rows, vectors, strict=True)})
            MemoryEntry.objects.filter(pk__in=[row.pk for row in rows]).update(indexed_by=embedder.name)
            done += len(rows)
        return done

    def rebuild(self) -> int:
        """Make the owner's part of the index again from SQL; gives the number of entries. Raises MemoryUnavailable."""
        self._index.drop(self._scope)
        MemoryEntry.objects.for_user(self._owner).update(indexed_by="")
        return self.catch_up()

    def forget(self, entries: Sequence[MemoryEntry]) -> None:
        """Delete entries of this owner; a vector that stays behind finds nothing any more."""
        ids = [str(entry.pk) for entry in entries]
        MemoryEntry.objects.for_user(self._owner).filter(pk__in=ids).delete()
        try:
            self._index.delete(self._scope, ids)
        except MemoryUnavailable:
            return  # hits are looked up in SQL, where these are gone

    @cached_property
    def _embedder(self) -> Embedder:
        key = get_key(self._owner, "openai") or settings.OPENAI_API_KEY
        remember_secret(key)
        return self._given_embedder or default_embedder(settings.VAR_DIR / "models", key)

    @property
    def _scope(self) -> str:
        return scope_of(self._owner.pk, self._embedder.name)


def scope_of(owner: int, embedder: str) -> str:
    """The part of the index that holds one owner's vectors of one embedder."""
    return f"owner-{owner}-{embedder}"


def forget_vectors(owner: int, embedder: str, entries: Sequence[str]) -> None:
    """Delete vectors whose entries are gone from SQL; without the vector store they stay, and find nothing."""
    try:
        _site_index().delete(scope_of(owner, embedder), entries)
    except MemoryUnavailable:
        logger.warning("%d vectors of deleted entries stay until the memory is rebuilt", len(entries))


def forget_orphans() -> int:
    """Delete vectors whose entries are gone from SQL; gives how many. Without the vector store they stay."""
    index = _site_index()
    names = {*EMBEDDERS, *MemoryEntry.objects.order_by().values_list("indexed_by", flat=True).distinct()} - {""}
    owners = get_user_model().objects.values_list("pk", flat=True)
    scopes = [scope_of(owner, name) for owner in owners for name in names]
    try:
        count = index.drop_others(scopes)
        # Rows come before their vectors: what has none now never gets one.
        indexed = index.entries(scopes)
        known = {str(pk) for pk in MemoryEntry.objects.values_list("pk", flat=True)}
        for scope, entries in indexed.items():
            orphans = sorted(set(entries) - known)
            for start in range(0, len(orphans), CATCH_UP):
                index.delete(scope, orphans[start : start + CATCH_UP])
            count += len(orphans)
    except MemoryUnavailable:
        return 0
    return count


def _site_index() -> ChromaIndex:
    return ChromaIndex(settings.CHROMA_URL, installation())


def _recalled(row: MemoryEntry, similarity: float) -> Recalled:
    source = f"{row.run.project.name}, run {row.run.number}" if row.run else "an earlier run"
    return Recalled(str(row.pk), row.kind, row.title, row.text, source, similarity)
