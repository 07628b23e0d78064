"""A scripted model that streams its answers and writes down each call where every process can add to it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from agents.providers.base import Reply, Request
from agents.providers.scripted import ScriptedProvider
from tests.agents.engine import Model, planned
from tests.breaking import FOLDER

PIECES = 4
POISON, SMALL = "deadly", "small"
# Without packages and without a test framework a run takes a third of the time.
SMALL_PLAN: dict[str, Any] = {
    "files": [planned("adder.py", "source"), planned("README.md", "extra"), planned("test_adder.py", "test")],
    "commands": {
        "install": "",
        "start": "python adder.py",
        "test": "python test_adder.py",
        "examples": ["python adder.py 1 2"],
    },
}
SMALL_TEST = "from adder import add\n\n# AC-1 AC-2\nassert add([1, 2]) == 3\nassert add([]) == 0\n"
SECONDS = float(os.environ.get("COUNTING_MODEL_SECONDS", "0.2"))


class CountingModel(ScriptedProvider):
    """Writes the small tool that adds numbers, in three calls; a deadly description kills whoever asks."""

    uses_ai = True

    def __init__(self) -> None:
        super().__init__(_answer, uses_ai=True)


def calls(folder: Path) -> list[dict[str, str]]:
    """Every call so far: the markers' nonce, which tells the run, the purpose, and a digest of what was asked."""
    path = folder / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _answer(request: Request) -> str | Reply:
    asked = hashlib.sha256("\0".join(message.text for message in request.messages).encode()).hexdigest()
    line = json.dumps({"nonce": request.data["nonce"], "purpose": request.purpose, "asked": asked[:16]})
    with (Path(os.environ[FOLDER]) / "calls").open("a") as stream:
        stream.write(f"{line}\n")
    if POISON in request.data["description"]:
        os.kill(os.getpid(), signal.SIGKILL)
    small = SMALL in request.data["description"]
    text = (Model({"test_adder.py": SMALL_TEST}, SMALL_PLAN) if small else Model())(request)
    assert isinstance(text, str)
    size = len(text) // PIECES + 1
    for start in range(0, len(text), size):
        time.sleep(SECONDS / PIECES)
        if request.on_text is not None:
            request.on_text(text[start : start + size])
    return text
