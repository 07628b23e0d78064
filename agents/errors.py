"""Errors of the engine. Each message is a sentence for the person who started the run."""

from __future__ import annotations

from agents.types import Awaited


class AgentError(Exception):
    """Something a person can be told; the message names the cause and the next step."""


class Stopped(AgentError):
    """The person asked to stop; raised between and inside stages."""


class LeaseLost(AgentError):
    """Another worker holds the run now; this one must write nothing more."""


class Waiting(AgentError):
    """The run cannot go on now, but will when what it waits for is back; looked for again after ``seconds``."""

    def __init__(self, message: str, *, awaited: Awaited = Awaited.SANDBOX, seconds: float = 30.0) -> None:
        super().__init__(message)
        self.awaited = awaited
        self.seconds = seconds


class NeedsPerson(AgentError):
    """The run goes on when the person has answered or approved what is asked."""


class SandboxUnavailable(Waiting):
    """No sandbox can run code here at the moment."""


class SandboxFailure(AgentError):
    """The sandbox was there but broke while it was used."""


class BudgetExceeded(AgentError):
    """The next call would pass the run's limit of tokens or money."""


class PaymentNeeded(AgentError):
    """The provider's account has no credit left; the run goes on when it was topped up, or with another provider."""


class NotUnderstood(AgentError):
    """The description asks for something that this provider cannot write."""


class ReplyError(AgentError):
    """A model's reply breaks the asked format; the message is the repair prompt."""


class CutReply(ReplyError):
    """A reply that ends before its end; it can be asked to go on."""


class ProviderError(AgentError):
    """A provider refused or failed. ``retry`` tells whether trying again can help.

    ``kind`` names the class of the fault (auth, payment, rate, busy, network, timeout, refused, context, length, model,
    protocol, filter). ``affordable_tokens`` is how long an answer the account can still pay for, where that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool = False,
        retry_after: float | None = None,
        kind: str = "",
        affordable_tokens: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.retry_after = retry_after
        self.kind = kind
        self.affordable_tokens = affordable_tokens


class DependencyError(AgentError):
    """A declared dependency is not allowed or cannot be had."""


class WorkspaceError(AgentError):
    """A path or size that a workspace does not take."""


class MemoryUnavailable(AgentError):
    """The vector store does not answer; the run goes on without it."""
