"""What a sample of a language is."""

from __future__ import annotations

from dataclasses import dataclass

from agents.plan import Commands, Probe
from agents.types import SourceFile


@dataclass(frozen=True)
class Sample:
    """``broken`` replaces a source so that a test fails; ``careless`` is a source full of what tools complain about."""

    files: dict[str, str]
    commands: Commands
    broken: dict[str, str]
    careless: dict[str, str]
    undeclared: dict[str, str]
    """A source that imports ``package``, which the manifest does not name."""
    package: str

    def tree(self, **changed: str) -> tuple[SourceFile, ...]:
        """The files, some with another text."""
        return tuple(SourceFile(path, text.encode()) for path, text in {**self.files, **changed}.items())


PROBES = (Probe(path="/sum?a=1&b=2"), Probe(path="/sum?a=x&b=2", expect=400))
