"""What a description was understood to ask for, and the protocol of a blueprint that can write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agents.plan import Plan, Requirements
from agents.types import ProjectType, SourceFile

FieldType = Literal["text", "long_text", "integer", "number", "boolean", "date", "datetime", "email", "url", "tags"]


@dataclass(frozen=True, slots=True)
class EntityField:
    """One field of a thing that an application stores. ``name`` is a snake_case identifier, never a keyword."""

    name: str
    type: FieldType
    required: bool = True
    default: str | None = None
    unique: bool = False
    """Whether two stored things may not have the same value."""
    references: str = ""
    """The name of the entity whose id this integer holds; '' for a plain value."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that an application stores; names are snake_case, the plural is used in routes."""

    name: str
    plural: str
    fields: tuple[EntityField, ...]
    filters: tuple[str, ...] = ()
    """Fields that a list can be filtered by."""
    searchable: bool = False
    """Whether a full-text search over its texts was asked for."""


@dataclass(frozen=True)
class Brief:
    """A description, read: the kind, the nouns with their fields, the operations and file formats."""

    description: str
    name: str
    project_type: ProjectType
    language: str
    entities: tuple[Entity, ...] = ()
    operations: frozenset[str] = frozenset()
    """E.g. 'filter', 'select', 'sort', 'group', 'statistics', 'convert', 'current', 'forecast'."""
    formats: tuple[str, ...] = ()
    """File formats in the order named, e.g. ('json', 'csv')."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What only one blueprint understands, e.g. the headings of a page."""
    assumptions: tuple[str, ...] = ()
    """What was decided because the description did not say, as sentences."""

    @property
    def slug(self) -> str:
        """The name as a Python package name: lower case, digits and underscores, a letter first."""
        kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in self.name.lower())
        kept = "_".join(part for part in kept.split("_") if part)
        return kept if kept[:1].isalpha() else f"app_{kept}".rstrip("_")


class Blueprint(Protocol):
    """Writes one kind of application in one language from a brief. Pure: same brief, same bytes."""

    project_type: ProjectType
    language: str

    def requirements(self, brief: Brief) -> Requirements:
        """Name, features and numbered acceptance criteria."""

    def plan(self, brief: Brief) -> Plan:
        """Every file with its interface, and how to install, start and test."""

    def render(self, brief: Brief, path: str) -> SourceFile:
        """The whole content of one planned file. Raises KeyError for a path that is not in the plan."""
