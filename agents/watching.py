"""Tells what a model is writing while its answer streams in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from agents.events import Activity, Event
from agents.types import StageName

SECONDS_BETWEEN = 5.0
# More than any marker line has: what is longer is no marker and need not be kept.
LONGEST_MARKER = 400


class Watcher:
    """Takes an answer's text piece by piece: names each file as it begins, otherwise how far the answer is."""

    def __init__(
        self,
        record: Callable[[Event], None],
        stage: StageName,
        nonce: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._record, self._stage, self._clock = record, stage, clock
        self._marker = re.compile(rf"^\s*<<<(FILE|EDIT) {re.escape(nonce)} (\S+?)(?:>>>|\s)")
        self._line = ""
        self._size = 0
        self._told = clock()

    def take(self, text: str) -> None:
        """The next piece of the answer; safe to call from the thread that asks."""
        self._size += len(text)
        *lines, self._line = (self._line[-LONGEST_MARKER:] + text).split("\n")
        begun = [match for line in lines if (match := self._marker.match(line))]
        for match in begun:
            self._say(f"{'Writing' if match[1] == 'FILE' else 'Changing'} {match[2]}")
        if not begun and self._clock() - self._told > SECONDS_BETWEEN:
            self._say(f"The model is answering: {self._size} characters so far")

    def _say(self, text: str) -> None:
        self._told = self._clock()
        self._record(Activity(stage=self._stage, text=text))
