"""What is to be built: requirements and the plan of files. Stored as JSON in the run's state."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.types import ProjectType


class Value(BaseModel):
    """A frozen, strict JSON value; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Criterion(Value):
    """One numbered acceptance criterion that a test or a probe can check."""

    id: str = Field(pattern=r"^AC-[0-9]{1,3}$")
    text: str = Field(min_length=1, max_length=500)


class Requirements(Value):
    """What the application must be, as the orchestrator understood the description."""

    name: str = Field(min_length=1, max_length=80)
    summary: str = Field(min_length=1, max_length=1000)
    project_type: ProjectType
    language: str = Field(pattern=r"^[a-z]+$")
    stack: tuple[str, ...] = ()
    features: tuple[str, ...] = Field(min_length=1, max_length=40)
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=60)
    dependencies: tuple[str, ...] = Field(default=(), max_length=40)
    assumptions: tuple[str, ...] = ()


FileKind = Literal["source", "extra", "test"]


class PlannedFile(Value):
    """One file of the plan: why it is there, what it offers, what it needs, about how many lines it will have."""

    path: str = Field(min_length=1, max_length=200)
    kind: FileKind
    purpose: str = Field(min_length=1, max_length=500)
    interface: str = Field(default="", max_length=4000)
    depends_on: tuple[str, ...] = ()
    executable: bool = False
    lines: int = Field(default=60, ge=0, le=100_000)


class Probe(Value):
    """One HTTP request that shows that a started server works, and the status it must answer."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/", max_length=500)
    body: dict[str, object] | None = None
    expect: int = Field(default=200, ge=100, le=599)


class Commands(Value):
    """How the application is installed, started and tested, as its README says.

    Every command is a line for ``sh`` in the application's folder, run inside the sandbox only.
    ``examples`` are command lines of a CLI tool that must exit with 0.
    """

    install: str = ""
    start: str = ""
    test: str = Field(min_length=1, max_length=500)
    port: int | None = Field(default=None, ge=1024, le=65535)
    probes: tuple[Probe, ...] = Field(default=(), max_length=30)
    examples: tuple[str, ...] = Field(default=(), max_length=20)


class Plan(Value):
    """Every file of the application, with interfaces, and how to install, start and test it."""

    files: tuple[PlannedFile, ...] = Field(min_length=1, max_length=200)
    commands: Commands

    def of_kind(self, kind: FileKind) -> tuple[PlannedFile, ...]:
        """The planned files of one kind, in plan order."""
        return tuple(file for file in self.files if file.kind == kind)
