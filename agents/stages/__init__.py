"""The stages in their order."""

from __future__ import annotations

from agents.stages import code, execution, extras, formatting, requirements, structure, tests, validation
from agents.stages.base import Stage

STAGES: tuple[Stage, ...] = (
    requirements.STAGE,
    structure.STAGE,
    code.STAGE,
    extras.STAGE,
    tests.STAGE,
    validation.STAGE,
    formatting.STAGE,
    execution.STAGE,
)
