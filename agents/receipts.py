"""The context receipt of a call: what went into its prompt, and about how many tokens each part took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

from agents.state import Recollection

CHARACTERS_PER_TOKEN = 4
WHOLE_BLOCKS = (
    "description", "images", "change", "requirements", "plan", "problems", "problem", "findings", "evidence",
    "earlier",
)  # fmt: skip


class ReceiptItem(NamedTuple):
    """One part of a prompt. ``tokens`` is characters / 4, rounded up. ``detail`` tells where a memory came from."""

    kind: Literal["block", "file", "memory"]
    name: str
    tokens: int
    detail: str = ""


def receipt_of(data: Mapping[str, str], recalled: tuple[Recollection, ...]) -> tuple[ReceiptItem, ...]:
    """The parts of a prompt that vary: blocks, each file by itself, each memory entry by itself."""
    blocks = [ReceiptItem("block", name, _tokens(data[name])) for name in WHOLE_BLOCKS if data.get(name)]
    files = [ReceiptItem("file", path, _tokens(text)) for path, text in json.loads(data.get("files") or "{}").items()]
    memory = [
        ReceiptItem("memory", one.title, _tokens(one.text), f"{one.source}, similarity {one.similarity:.2f}")
        for one in recalled
    ]
    return (*blocks, *files, *memory)


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)
