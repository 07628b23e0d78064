"""What was found out about engines and images, kept for the next process: self-tests that passed, images by digest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FRESH_SECONDS = 600.0
FORGOTTEN_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a self-test: '' when every guard was in force, and when it was (seconds since 1970)."""

    problem: str
    at: float

    @property
    def fresh(self) -> bool:
        """Whether it can still be believed; one of the future (the clock was set back) cannot."""
        return 0 <= time.time() - self.at < FRESH_SECONDS


def verdict_key(*parts: object) -> str:
    """One word for all that a self-test's outcome depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


class Records:
    """A small file, or this process's memory where no path is given. Of two writers the later one wins."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._memory: dict[str, Any] = {}

    def tested(self, key: str, test: Callable[[], str]) -> Verdict:
        """A self-test that was passed lately, or the outcome of this one."""
        found = self._read().get("verdicts", {}).get(key)
        known = Verdict(str(found[0]), float(found[1])) if found else None
        if known and not known.problem and known.fresh:
            return known
        verdict = Verdict(test(), time.time())
        content = self._read()
        young = {k: v for k, v in content.get("verdicts", {}).items() if verdict.at - v[1] < FORGOTTEN_SECONDS}
        self._write({**content, "verdicts": {**young, key: [verdict.problem, verdict.at]}})
        return verdict

    def image(self, tag: str) -> str:
        """The digest that an image of ours had when it was first seen; '' before that."""
        return str(self._read().get("images", {}).get(tag, ""))

    def keep_image(self, tag: str, digest: str) -> None:
        """Note the digest of an image that was made here."""
        known = self._read()
        self._write({**known, "images": {**known.get("images", {}), tag: digest}})

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return self._memory
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, content: dict[str, Any]) -> None:
        if self._path is None:
            self._memory = content
            return
        # Where nothing can be written, every process tests for itself.
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=self._path.parent) as folder:
            new = Path(folder) / self._path.name
            new.write_text(json.dumps(content))
            new.replace(self._path)
