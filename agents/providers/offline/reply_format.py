"""Writes the reply formats that the engine's parsers read: JSON fences and marked file blocks."""

from __future__ import annotations

import json

from agents.types import MODE_EXECUTABLE, SourceFile


def json_fence(value: object) -> str:
    """A value as one fenced JSON block."""
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=True)}\n```\n"


def file_block(file: SourceFile, nonce: str) -> str:
    """One whole file between its markers; the header says when it has no final newline."""
    mode = "755" if file.mode == MODE_EXECUTABLE else "644"
    text = file.content.decode("utf-8")
    header = f"<<<FILE {nonce} {file.path} mode={mode}"
    end = f"<<<END {nonce} {file.path}>>>\n"
    if not text:
        return f"{header}>>>\n{end}"
    if text.endswith("\n"):
        return f"{header}>>>\n{text}{end}"
    return f"{header} newline=no>>>\n{text}\n{end}"
