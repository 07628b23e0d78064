"""The regression guard of follow-ups: what an application offered before, and whether its earlier tests still pass."""

from __future__ import annotations

from agents.context import RunContext
from agents.evidence import Regression, Removed
from agents.execution.proving import Prover
from agents.inventory import offers_of, removed
from agents.types import SourceFile


def compare(context: RunContext, prover: Prover, files: tuple[SourceFile, ...]) -> Regression:
    """Hold these files against the application before the change; earlier tests that were altered run once more.

    ``prover`` has the packages of the last attempt installed.
    """
    gone = tuple(Removed(kind=one.kind, name=one.name, path=one.path) for one in removed(context.base, files))
    now = {file.path: file for file in files}
    earlier = [file for file in context.base if any(one.kind == "test" for one in offers_of(file))]
    if all(now.get(file.path) == file for file in earlier):
        return Regression(removed=gone, same_tests=True)
    now |= {file.path: file for file in earlier}
    return Regression(removed=gone, counts=prover.count_tests(tuple(now.values())))
