"""Output of untrusted programs: cut at a limit, valid UTF-8, without escape sequences and control characters."""

from __future__ import annotations

import codecs
import re
import threading

from agents.sandboxes.profile import OUTPUT_LIMIT

FLOOD = 16 * OUTPUT_LIMIT
# The wrapper's last line fits.
TAIL_BYTES = 256
# A string for the terminal (a title, a link's address, the clipboard) that is longer is no such string.
LONGEST_STRING = 4096

_CSI_BODY = re.compile(r"[0-?]*[ -/]*")
_STRING_END = re.compile(r"[\x07\x1b]")
_NEVER_PRINTED = {
    # Each control character has a picture in Unicode, but tab and newline are what they are.
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    # Marks that turn the direction of text around are shown: a line must not read otherwise than it is.
    **{code: f"[U+{code:04X}]" for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}


class Cleaner:
    """Cleans text that comes in pieces, wherever it was cut.

    Escape sequences (ECMA-48) go, with the addresses of links, titles and the clipboard in them. Carriage returns end
    lines. Other control characters and marks of direction become visible.
    """

    def __init__(self) -> None:
        self._within = ""
        self._skipped = 0
        self._returned = False

    def feed(self, text: str) -> str:
        """What of this piece, and of what was held back, is text."""
        found: list[str] = []
        at = 0
        while at < len(text):
            if self._within == "escape":
                at = self._after_escape(text, at)
            elif self._within == "csi":
                at = self._to_end_of_csi(text, at)
            elif self._within == "string":
                at = self._to_end_of_string(text, at)
            else:
                end = text.find("\x1b", at)
                found.append(text[at:] if end < 0 else text[at:end])
                self._within, at = ("", len(text)) if end < 0 else ("escape", end + 1)
        return self._lines("".join(found)).translate(_NEVER_PRINTED)

    def finish(self) -> str:
        """What was held back at the end."""
        return "\n" if self._returned else ""

    def _after_escape(self, text: str, at: int) -> int:
        character = text[at]
        if character in " !\"#$%&'()*+,-./":
            return at + 1
        self._within, self._skipped = {"[": "csi"}.get(character, "string" if character in "]PX^_" else ""), 0
        return at + 1 if "0" <= character <= "~" else at

    def _to_end_of_csi(self, text: str, at: int) -> int:
        found = _CSI_BODY.match(text, at)
        at = found.end() if found else at
        if at == len(text):
            return at
        self._within = ""
        return at + 1 if "@" <= text[at] <= "~" else at

    def _to_end_of_string(self, text: str, at: int) -> int:
        last = at + LONGEST_STRING - self._skipped
        found = _STRING_END.search(text, at, last)
        if found:
            self._within = "escape" if found[0] == "\x1b" else ""
            return found.end()
        end = min(last, len(text))
        self._skipped += end - at
        if self._skipped >= LONGEST_STRING:
            self._within = ""
        return end

    def _lines(self, text: str) -> str:
        """A carriage return with its newline, or alone, ends a line; at the end it waits for what follows."""
        if self._returned and text:
            text = f"\r{text}"
            self._returned = False
        if text.endswith("\r"):
            text, self._returned = text[:-1], True
        return text.replace("\r\n", "\n").replace("\r", "\n")


class Output:
    """Takes chunks of bytes from one thread; keeps at most ``OUTPUT_LIMIT`` of them, and gives text on to another.

    A line that begins with ``mark`` is the wrapper's and is not given on.
    """

    def __init__(self, mark: str = "") -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._cleaner = Cleaner()
        self._lock = threading.Lock()
        self._kept: list[str] = []
        self._pending: list[str] = []
        self._last = ""
        self._mark = f"\n{mark}" if mark else ""
        self._seen = 0
        self._closed = False
        self.tail = b""

    @property
    def truncated(self) -> bool:
        """Whether more came than is kept."""
        return self._seen > OUTPUT_LIMIT

    def flooded(self) -> bool:
        """Whether so much came that the program should be ended."""
        return self._seen > FLOOD

    def add(self, chunk: bytes) -> None:
        """Take one chunk; what is over the limit is counted and dropped."""
        room = OUTPUT_LIMIT - self._seen
        self._seen += len(chunk)
        self.tail = (self.tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        if room > 0:
            self._keep(self._cleaner.feed(self._decoder.decode(chunk[:room])))

    def close(self) -> None:
        """No more comes: end what was begun, and say where the output was cut."""
        if not self._closed:
            self._closed = True
            self._keep(self._cleaner.feed(self._decoder.decode(b"", final=True)) + self._cleaner.finish())
            if self.truncated:
                self._keep(f"\n[output cut at {OUTPUT_LIMIT // 1024} KiB]\n")

    def take(self) -> str:
        """The text that came since the last time; the beginning of what may be the wrapper's line waits."""
        with self._lock:
            start, text = len(self._last), self._last + "".join(self._pending)
            end, begin = self._wrappers_line(text)
            ready = text[start:end] + text[begin:] if begin else text[start:end]
            self._pending = [] if begin else [text[max(start, end) :]]
            self._last = ready[-1:] or self._last
            return ready

    def text(self) -> str:
        """All that was kept, with a last line where it was cut."""
        self.close()
        return "".join(self._kept)

    def _wrappers_line(self, text: str) -> tuple[int, int]:
        """Where it begins, or may begin, in a text, and where what follows it does (0 when it is not whole)."""
        at = text.find(self._mark) if self._mark else -1
        if at >= 0:
            end = text.find("\n", at + 1)
            return at, end + 1 if end > 0 else len(text) if self._closed else 0
        # The newline before the mark is the wrapper's too, but a program's last line must not wait for that.
        ends = (n for n in range(len(self._mark), 1, -1) if text.endswith(self._mark[:n]))
        return len(text) - (0 if self._closed else next(ends, 0)), 0

    def _keep(self, text: str) -> None:
        if text:
            with self._lock:
                self._kept.append(text)
                self._pending.append(text)


def clean(text: str) -> str:
    """The whole text without escape sequences and control characters; carriage returns end lines."""
    cleaner = Cleaner()
    return cleaner.feed(text) + cleaner.finish()
