"""Output of untrusted programs: cut at a limit, valid UTF-8, without control characters."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from agents.sandboxes.profile import OUTPUT_LIMIT

# CSI, OSC and two-character escape sequences (ECMA-48), then control characters but tab and newline, and
# the marks that turn the direction of text around.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|[@-Z\\-_])?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Output:
    """Collects chunks of bytes; gives cleaned text on, and keeps at most ``OUTPUT_LIMIT`` bytes of it."""

    def __init__(self, on_output: Callable[[str], None] | None = None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._on_output = on_output
        self._kept: list[str] = []
        self._seen = 0

    @property
    def truncated(self) -> bool:
        """Whether more came than is kept."""
        return self._seen > OUTPUT_LIMIT

    def add(self, chunk: bytes) -> None:
        """Take one chunk; what is over the limit is counted and dropped."""
        room = OUTPUT_LIMIT - self._seen
        self._seen += len(chunk)
        if room > 0:
            self._keep(self._decoder.decode(chunk[:room]))

    def text(self) -> str:
        """All that was kept, with a last line where it was cut."""
        rest = self._decoder.decode(b"", final=True)
        cleaned = clean("".join(self._kept) + rest)
        return f"{cleaned}\n[output cut at {OUTPUT_LIMIT // 1024} KiB]\n" if self.truncated else cleaned

    def _keep(self, text: str) -> None:
        self._kept.append(text)
        if self._on_output is not None and text:
            self._on_output(clean(text))


def clean(text: str) -> str:
    """The text without escape sequences and control characters; carriage returns end lines."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("\ufffd", text)
