"""Pictures that a person gives with the description."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from django.db import transaction

from generations.errors import LaunchError
from generations.models import Blob, Run, RunImage
from generations.text import clean_text

MAX_IMAGES = 6
MAX_IMAGE_BYTES = 5 * 1024 * 1024

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """A picture's name and bytes as they came."""

    name: str
    content: bytes


def media_type(content: bytes) -> str:
    """The type by the content's first bytes, never by its name; '' for anything that is not taken."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), "")


def check_images(images: tuple[UploadedImage, ...]) -> None:
    """Raises LaunchError for too many, too large or unknown pictures."""
    if len(images) > MAX_IMAGES:
        raise LaunchError(f"At most {MAX_IMAGES} images can be given; leave {len(images) - MAX_IMAGES} out.", "images")
    for image in images:
        if len(image.content) > MAX_IMAGE_BYTES:
            limit = MAX_IMAGE_BYTES // 1024**2
            raise LaunchError(f"{image.name[:80]} is larger than {limit} MiB; make it smaller.", "images")
        if not media_type(image.content):
            raise LaunchError(f"{image.name[:80]} is not a PNG, JPEG, GIF or WebP picture.", "images")


def store_images(run: Run, images: tuple[UploadedImage, ...]) -> None:
    """Keep the pictures of a new run."""
    hashed = [(hashlib.sha256(image.content).hexdigest(), image) for image in images]
    with transaction.atomic():
        Blob.objects.store({sha: image.content for sha, image in hashed})
        RunImage.objects.bulk_create(
            RunImage(run=run, name=clean_text(image.name)[:120], media_type=media_type(image.content), blob_id=sha)
            for sha, image in hashed
        )


def data_urls(run: Run) -> tuple[str, ...]:
    """A run's pictures as data URLs, by name."""
    rows = run.images.select_related("blob").order_by("name", "pk")
    return tuple(f"data:{row.media_type};base64,{base64.b64encode(row.blob.content()).decode('ascii')}" for row in rows)
