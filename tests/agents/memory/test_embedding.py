"""The model of this machine's embeddings is made once; a disk without room for it costs the run nothing."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from agents.errors import MemoryUnavailable
from agents.memory import minilm_onnx
from agents.memory.embedding import MiniLMEmbedder


def test_a_model_that_finds_no_room_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_weights: Path, target: Path) -> None:
        target.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(minilm_onnx, "build", full)
    with pytest.raises(MemoryUnavailable, match="could not be stored"):
        MiniLMEmbedder(tmp_path / "models").embed(["anything"])
    assert list((tmp_path / "models").iterdir()) == []
