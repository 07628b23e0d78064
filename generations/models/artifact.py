"""Files of a checkpoint, over a content-addressed store: equal contents are stored once."""

from __future__ import annotations

import hashlib
import uuid
import zlib
from collections.abc import Sequence
from typing import Self

from django.db import models

from agents.types import SourceFile
from generations.models.checkpoint import Checkpoint


class BlobQuerySet(models.QuerySet["Blob"]):
    """Questions about contents."""

    def unused(self, hashes: Sequence[str]) -> Self:
        """Those of the given contents that nothing holds any more."""
        return self.filter(pk__in=hashes, artifacts=None, run_images=None, draft_files=None)


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
