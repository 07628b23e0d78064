"""Names each question of a run by what is asked, so that a repeated stage finds what was answered before."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.condense import steady
from agents.providers.base import Message
from agents.types import Purpose, StageName

# These show what a program printed; times and addresses in it differ although the step is the same.
_SHOWING_OUTPUT = (Purpose.REPAIR, Purpose.EDIT)


@dataclass
class Steps:
    """Counts the questions that one worker asks in one claim of a run. Thread-safe.

    A step is the stage, the purpose, the model and the messages. The same question asked again on purpose
    is another step: its number differs.
    """

    _asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def name(self, stage: StageName, purpose: Purpose, model: tuple[str, str], messages: Sequence[Message]) -> str:
        """The name of the next question; ``model`` is its provider and its name."""
        shown = steady if purpose in _SHOWING_OUTPUT else str
        asked = [[message.role, shown(message.text), list(message.images)] for message in messages]
        text = json.dumps([stage, purpose, *model, asked], ensure_ascii=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:40]
        with self._lock:
            self._asked[digest] += 1
            return f"{digest}-{self._asked[digest]}"
