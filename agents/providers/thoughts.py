"""Takes away what models write in ``<think>`` before they answer."""

from __future__ import annotations

OPENING = ("<think>", "<thinking>")


class Thoughts:
    """Blocks at the start of a text, which comes in pieces; the same tags further on are part of the answer."""

    def __init__(self) -> None:
        self.any = False
        self._held = ""
        self._closing = ""
        self._answering = False

    def without(self, piece: str) -> str:
        """What of a piece belongs to the answer, as far as that is known by now."""
        if self._answering:
            return piece
        self._held += piece
        while self._step():
            pass
        if not self._answering:
            return ""
        answer, self._held = self._held, ""
        return answer

    def rest(self) -> str:
        """What was held back and is no thought after all; an unclosed thought is one."""
        held, self._held = self._held, ""
        return "" if self._closing else held

    def _step(self) -> bool:
        """Take one tag away; False when more text is needed, or the answer has begun."""
        if self._closing:
            _, found, after = self._held.partition(self._closing)
            if not found:
                self._held = self._held[-len(self._closing) :]
                return False
            self._closing, self._held = "", after
            return True
        start = self._held.lstrip()
        tag = next((tag for tag in OPENING if start.startswith(tag)), None)
        if tag is not None:
            self.any, self._closing, self._held = True, tag.replace("<", "</"), start[len(tag) :]
            return True
        if any(tag.startswith(start) for tag in OPENING):
            return False
        self._answering = True
        if self.any:
            self._held = start
        return False
