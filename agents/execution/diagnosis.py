"""The orchestrator's judgement of a failure from its evidence: what is probably wrong, and who mends it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agents.evidence import Evidence
from agents.plan import Plan
from agents.roles.debugger import Cause
from agents.types import Role, SourceFile

_NO_COMMAND = re.compile(r"(?:sh: \d+: |sh: )?(\S+): (?:not found|Permission denied|No such file or directory)")
_COLLECTION = re.compile(r"fixture '\w+' not found|errors? during collection|ImportError while importing test module")


class Diagnosis(NamedTuple):
    """``finding`` is a sentence for the prompt and the log; ``cause`` None where the evidence leaves it open."""

    cause: Cause | None
    finding: str
    mender: Role


def diagnose(evidence: Evidence, plan: Plan) -> Diagnosis:
    """What the evidence alone says about the cause."""
    if evidence.failed_step == "install":
        return Diagnosis(
            "dependency", "Installing failed, so the manifest or the install command is wrong.", Role.DEBUGGER
        )
    if evidence.failed_step == "start":
        return _start(evidence)
    paths = {file.path for file in plan.of_kind("test")}
    if _COLLECTION.search(evidence.failure) and _frames(evidence.failure) <= paths:
        return Diagnosis("test", "The tests could not even be collected, so look at the tests first.", Role.TESTER)
    return Diagnosis(None, "Decide from the evidence whether code or test breaks what was promised.", Role.DEBUGGER)


def _start(evidence: Evidence) -> Diagnosis:
    missing = _NO_COMMAND.search(evidence.failure)
    if missing is not None:
        finding = f"'{missing[1]}' could not be started: a wrong command of the plan, or a file that is missing."
        return Diagnosis("plan", finding, Role.DEBUGGER)
    return Diagnosis("code", "It was installed but does not start and answer as planned.", Role.DEBUGGER)


def _frames(failure: str) -> set[str]:
    """The application's own files that a failure names."""
    return set(re.findall(r"(?:/work/)?((?:[\w-]+/)*[\w-]+\.\w+):\d+", failure))


def most_telling(files: Sequence[SourceFile], text: str) -> list[SourceFile]:
    """Files that the evidence names first, then the small before the large."""
    return sorted(files, key=lambda file: (file.path not in text, len(file.content)))
