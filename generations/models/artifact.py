"""Files of a checkpoint, over a content-addressed store: equal contents are stored once."""

from __future__ import annotations

import hashlib
import uuid
import zlib
from collections.abc import Collection, Mapping
from typing import Self

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Sum
from django.db.models.functions import Length

from agents.types import SourceFile
from generations.models.checkpoint import Checkpoint

BATCH = 500


class BlobQuerySet(models.QuerySet["Blob"]):
    """Questions about contents, and the only ways to store and to remove some."""

    def unused(self) -> Self:
        """Those that nothing holds any more."""
        rows = self
        for relation in Blob._meta.related_objects:
            holders = relation.related_model._default_manager.filter(**{relation.field.attname: OuterRef("pk")})
            rows = rows.exclude(Exists(holders))
        return rows

    def packed_bytes(self) -> int:
        """What they take in the database."""
        return self.aggregate(size=Sum(Length("packed")))["size"] or 0

    def store(self, contents: Mapping[str, bytes]) -> None:
        """Have these contents there, by their hashes, until the caller's transaction has stored who holds them.

        One that is there already costs nothing, but its row is held: nobody can remove it before it is used again.
        """
        with transaction.atomic():
            while missing := contents.keys() - self._held(contents):
                fresh = [Blob.for_content(contents[sha]) for sha in sorted(missing)]
                self.bulk_create(fresh, ignore_conflicts=True, batch_size=100)

    def sweep(self, hashes: Collection[str]) -> tuple[int, int]:
        """Remove those of these contents that nothing holds any more; gives how many, and what they took."""
        count = size = 0
        with transaction.atomic():
            ordered = sorted(self._held(hashes))
            for start in range(0, len(ordered), BATCH):
                unused = self.filter(pk__in=ordered[start : start + BATCH]).unused()
                size += unused.packed_bytes()
                count += unused.only("pk").delete()[0]
        return count, size

    def _held(self, hashes: Collection[str]) -> set[str]:
        """Those of these that are there; their rows are held, in one order for all, until the transaction ends."""
        wanted, found = sorted(hashes), set[str]()
        for start in range(0, len(wanted), BATCH):
            rows = self.filter(pk__in=wanted[start : start + BATCH]).order_by("pk").select_for_update()
            found |= set(rows.values_list("pk", flat=True))
        return found


class Blob(models.Model):
    """A content under its SHA-256, compressed by zlib; ``size`` is that of the plain bytes."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveIntegerField()
    packed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BlobQuerySet.as_manager()

    def __str__(self) -> str:
        return self.sha256[:12]

    @classmethod
    def for_content(cls, content: bytes) -> Blob:
        """An unsaved blob for these bytes."""
        return cls(sha256=hashlib.sha256(content).hexdigest(), size=len(content), packed=zlib.compress(content, 6))

    def content(self) -> bytes:
        """The plain bytes."""
        return zlib.decompress(bytes(self.packed))

    def sound_content(self) -> bytes | None:
        """The plain bytes, or None when they are not what was stored."""
        try:
            content = self.content()
        except zlib.error:
            return None
        return content if hashlib.sha256(content).hexdigest() == self.sha256 else None


class Artifact(models.Model):
    """One file of one checkpoint's tree. ``mode`` is 0o644 or 0o755."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="artifacts")
    path = models.CharField(max_length=200)
    mode = models.PositiveSmallIntegerField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="artifacts")

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["checkpoint", "path"], name="artifact_path_per_checkpoint")]

    def __str__(self) -> str:
        return self.path

    def source_file(self) -> SourceFile:
        """The file as the engine knows it."""
        return SourceFile(self.path, self.blob.content(), self.mode)
