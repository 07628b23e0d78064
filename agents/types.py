"""Names and small values that every layer shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StageName(StrEnum):
    """The eight stages, in their order. The values are stored and shown."""

    REQUIREMENTS = "requirements"
    STRUCTURE = "structure"
    CODE = "code"
    EXTRAS = "extras"
    TESTS = "tests"
    VALIDATION = "validation"
    FORMATTING = "formatting"
    EXECUTION = "execution"


class Role(StrEnum):
    """Who answers a request or does a piece of work."""

    ORCHESTRATOR = "orchestrator"
    PLANNER = "planner"
    CODER = "coder"
    TESTER = "tester"
    VALIDATOR = "validator"
    EXECUTOR = "executor"
    DEBUGGER = "debugger"
    VISION = "vision"


class Purpose(StrEnum):
    """What a model is asked for. Each has one prompt template and one reply format."""

    REQUIREMENTS = "requirements"
    PLAN = "plan"
    SOURCE = "source"
    EXTRAS = "extras"
    TESTS = "tests"
    VALIDATION = "validation"
    REPAIR = "repair"
    CHANGE = "change"
    EDIT = "edit"
    IMAGE = "image"
    PROBE = "probe"


class Awaited(StrEnum):
    """What a waiting or paused run waits for; a budget and credit need a person. The values are stored."""

    SANDBOX = "sandbox"
    RATE = "rate"
    PROVIDER = "provider"
    STORAGE = "storage"
    ALLOWANCE = "allowance"
    BUDGET = "budget"
    CREDIT = "credit"


class ProjectType(StrEnum):
    """Kinds of application; the kind decides how starting it is proved."""

    REST_API = "rest_api"
    CLI_TOOL = "cli_tool"
    DATA_PROCESSOR = "data_processor"
    WEB_PAGE = "web_page"
    LIBRARY = "library"


class Level(StrEnum):
    """Severity of a log line or finding."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


MODE_FILE = 0o644
MODE_EXECUTABLE = 0o755


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an application: a relative POSIX path, its bytes and 0o644 or 0o755."""

    path: str
    content: bytes
    mode: int = MODE_FILE

    @property
    def text(self) -> str:
        """The content as text; bytes that are not UTF-8 become U+FFFD."""
        return self.content.decode("utf-8", errors="replace")
