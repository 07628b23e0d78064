"""Recall across runs: embedders and the vector index."""

from __future__ import annotations

from pathlib import Path

from agents.memory.base import Embedder
from agents.memory.embedding import MiniLMEmbedder
from agents.memory.embedding_openai import OpenAIEmbedder

EMBEDDERS = (MiniLMEmbedder.name, OpenAIEmbedder.name)


def default_embedder(cache: Path, openai_key: str = "") -> Embedder:
    """OpenAI's embeddings when there is a key for them, else MiniLM on this machine."""
    return OpenAIEmbedder(openai_key) if openai_key else MiniLMEmbedder(cache)
