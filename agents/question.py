"""What a role asks of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.state import Recollection
from agents.types import Purpose, Role, StageName


@dataclass(frozen=True)
class Question:
    """What is asked of whom. ``data`` are the prompt's named blocks, ``facts`` our own words in it."""

    stage: StageName
    role: Role
    purpose: Purpose
    data: Mapping[str, str]
    facts: Mapping[str, object] = field(default_factory=dict)
    json_schema: Mapping[str, object] | None = None
    images: tuple[str, ...] = ()
    recalled: tuple[Recollection, ...] = ()
    last_chance: bool = False
