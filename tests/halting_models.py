"""Scripted models as settings can name them: each brings a run to a point at which a test breaks it off."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

from agents.errors import Stopped
from agents.providers.base import Reply, Request
from agents.providers.scripted import ScriptedProvider
from agents.types import Purpose
from tests.agents.engine import BROKEN, PLAN, Model, planned

LONGEST = 120.0
SLEEPER = '''"""Never ends."""

import time

print("I sleep now", flush=True)
time.sleep(600)
'''
ABREAST: dict[str, Any] = {
    "files": [
        planned("base.py", "source"),
        *(planned(f"part_{n}.py", "source", lines=400) for n in range(4)),
        planned("test_adder.py", "test"),
    ],
    "commands": PLAN["commands"],
}


class SleepingApplication(ScriptedProvider):
    """Writes an application that never ends."""

    uses_ai = True

    def __init__(self) -> None:
        super().__init__(Model({"adder.py": SLEEPER}), uses_ai=True)


class DeafModel(ScriptedProvider):
    """Hears no stop while it writes the source: only ``released`` lets it go on."""

    uses_ai = True
    asked: ClassVar[threading.Event] = threading.Event()
    released: ClassVar[threading.Event] = threading.Event()

    def __init__(self) -> None:
        super().__init__(self._answer, uses_ai=True)
        self._model = Model()

    def _answer_slowly(self) -> None:
        self.asked.set()
        self.released.wait(LONGEST)

    def _answer(self, request: Request) -> str | Reply:
        if request.purpose is Purpose.SOURCE:
            self._answer_slowly()
        return self._model(request)


class AbreastModel(ScriptedProvider):
    """Asked for several files at once, it writes one of them; the others wait until they are stopped."""

    uses_ai = True
    waiting: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__(Model({"base.py": "BASE = 1\n"}, ABREAST), uses_ai=True)

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """The answer, or Stopped."""
        paths = json.loads(request.data.get("paths", "[]")) if request.purpose is Purpose.SOURCE else []
        if any(path.startswith("part_") for path in paths):
            self.waiting.update(paths)
            until = time.monotonic() + LONGEST
            while time.monotonic() < until:
                if stop():
                    raise Stopped("Stopped at your request.")
                time.sleep(0.05)
        return super().complete(request, stop=stop)


class MistakenModel(ScriptedProvider):
    """Leaves the first number out, and finds nothing to repair."""

    uses_ai = True

    def __init__(self) -> None:
        super().__init__(Model({"adder.py": BROKEN}), uses_ai=True)
