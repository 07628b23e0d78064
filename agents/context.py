"""What a stage may use. Built once a run, by the only place that picks concrete parts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from agents.bench import SandboxBench
from agents.budget import Budget
from agents.errors import AgentError, SandboxUnavailable
from agents.events import Event, ModelCalled
from agents.languages.base import Bench, PackageCache, Toolchain
from agents.memory.base import Memory
from agents.providers.base import Finish, Message, Provider, Reply
from agents.providers.catalogue import Catalogue
from agents.providers.limits import Limiter, NoLimits
from agents.receipts import ReceiptItem
from agents.sandboxes.base import Sandbox, SandboxSession
from agents.sandboxes.images import BROWSER
from agents.state import RunState
from agents.steps import Steps
from agents.types import Purpose, Role, SourceFile, StageName
from agents.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One model call for the ledger, from its beginning to its end under one ``id``.

    ``outcome`` is at first 'in flight', then 'answered' once the answer is whole, and at last 'ok', 'malformed', 'cut',
    'stopped' or an error's class name. 'reused' is a question that was paid for before the run was interrupted.
    ``step`` names what is asked; ``held`` are the tokens and the US dollars that the call may take at most.
    """

    stage: StageName
    role: Role
    purpose: Purpose
    provider: str
    model: str
    outcome: str
    messages: tuple[Message, ...]
    reply: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    seconds: float
    receipt: tuple[ReceiptItem, ...] = ()
    estimated: bool = False
    """Whether the tokens are our own estimate: the answer broke off, or the provider gave no counts."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    step: str = ""
    finish: Finish = "unknown"
    held: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class StageMeasures:
    """What a stage cost: wall and CPU seconds, peak memory of sandbox commands in bytes, tokens, US dollars."""

    seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None


class Journal(Protocol):
    """Where a run writes what happens. Every write raises LeaseLost once another worker holds the run."""

    def record(self, event: Event) -> None:
        """Append one event; safe from any thread."""

    def record_call(self, call: CallRecord, event: ModelCalled | None = None) -> None:
        """Write one model call to the ledger, or what became of it, with its event; safe from any thread.

        The reply of an 'answered' one is kept whole until its stage has a checkpoint.
        """

    def kept_reply(self, step: str) -> Reply | None:
        """The whole answer to this very question from before the run was interrupted; None when there is none."""

    def checkpoint(
        self, stage: StageName, state: RunState, files: tuple[SourceFile, ...], measures: StageMeasures
    ) -> None:
        """Store a finished stage: state, whole tree and measures, in one transaction."""

    def checkpoint_failed(self, stage: StageName, error: str, measures: StageMeasures) -> None:
        """Store that a stage failed, with its sentence."""

    def stop_requested(self) -> bool:
        """Whether the person asked to stop. Cheap: may be polled ten times a second."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Bounds of one run."""

    repair_rounds: int = 3
    parallel_calls: int = 20
    install_seconds: float = 180.0
    start_seconds: float = 30.0
    test_seconds: float = 180.0


@dataclass(frozen=True)
class RunContext:
    """All that the stages share in one run. ``open_sandbox`` starts the run's sandbox for a toolchain."""

    run: str
    fence: int
    providers: Mapping[str, Provider]
    catalogue: Catalogue
    sandbox: Sandbox
    toolchains: Mapping[str, Toolchain]
    memory: Memory
    workspace: Workspace
    budget: Budget
    journal: Journal
    package_cache: PackageCache
    uses_ai: bool
    limits: RunLimits = field(default_factory=RunLimits)
    limiter: Limiter = field(default_factory=NoLimits)
    steps: Steps = field(default_factory=Steps)
    base: tuple[SourceFile, ...] = ()
    """The application that a follow-up changes, as it was before."""

    def toolchain(self, language: str) -> Toolchain:
        """The toolchain of a language; raises AgentError naming the known ones."""
        if language not in self.toolchains:
            known = ", ".join(sorted(self.toolchains))
            raise AgentError(f"The language '{language}' is not known here. Known languages: {known}.")
        return self.toolchains[language]

    def open_sandbox(self, toolchain: Toolchain, *, browser: bool = False) -> AbstractContextManager[SandboxSession]:
        """Start the sandbox for this run, with a browser in it if that can be had. Raises SandboxUnavailable."""
        with_browser = f"{toolchain.image}{BROWSER}"
        image = with_browser if browser and self.sandbox.has(with_browser) else toolchain.image
        return self.sandbox.open(run=self.run, fence=self.fence, image=image)

    @contextmanager
    def open_bench(self, toolchain: Toolchain) -> Iterator[Bench]:
        """Where the language's tools look at files; a sandbox is started for it only when a tool is wanted."""
        with closing(SandboxBench(lambda: self.open_sandbox(toolchain), self.journal.stop_requested)) as bench:
            yield bench

    def needs_programs(self, toolchain: Toolchain) -> None:
        """Raise SandboxUnavailable with what to do unless the sandbox has this language's programs."""
        if not self.sandbox.has(toolchain.image):
            raise SandboxUnavailable(
                f"The sandbox has no programs for {toolchain.label} yet. An administrator makes them with: "
                f"python3 manage.py build_images {toolchain.key}"
            )
