"""Embeddings by OpenAI, when a key is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.errors import MemoryUnavailable

MODEL = "text-embedding-3-small"
SECONDS = 15.0


class OpenAIEmbedder:
    """OpenAI's small embedding model; the client is made at the first use."""

    name = MODEL
    dimensions = 1536

    def __init__(self, api_key: str, base_url: str | None = None) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._client: Any = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit vector of 1536 numbers a text. Raises MemoryUnavailable when the service fails."""
        import openai  # noqa: PLC0415 - takes half a second, and only where a key is set

        if self._client is None:
            self._client = openai.OpenAI(api_key=self._api_key, base_url=self._base_url, timeout=SECONDS, max_retries=1)
        try:
            answer = self._client.embeddings.create(model=MODEL, input=list(texts))
        except openai.OpenAIError as error:
            raise MemoryUnavailable("The embedding service did not answer; the run goes on without memory.") from error
        return [list(entry.embedding) for entry in sorted(answer.data, key=lambda entry: entry.index)]
