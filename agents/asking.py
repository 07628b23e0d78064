"""Asks a model: renders the prompt, keeps to the budget, reads the reply, asks again with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from agents import prompts
from agents.calling import Call
from agents.context import RunContext
from agents.errors import AgentError, CutReply, PaymentNeeded, ProviderError, ReplyError, Waiting
from agents.events import LogLine
from agents.providers.base import Message, Reply
from agents.providers.catalogue import ModelChoice
from agents.question import Question
from agents.types import Awaited, Level, Purpose

T = TypeVar("T")
MALFORMED_RETRIES = 2
CONTINUATIONS = 2
# A continuation that begins with what was there already: as many characters as no two lines have by chance.
SHORTEST_OVERLAP, LONGEST_OVERLAP = 24, 600
EDITING = (Purpose.REPAIR, Purpose.EDIT)
WHOLE_INSTEAD = " Give the files that change whole this time, in FILE blocks instead of edits."
# Faults that pass by themselves, and how long to wait for it where nobody says.
PASSING = ("rate", "busy", "network", "timeout")
DEFAULT_WAIT_SECONDS = 30.0
GO_ON = "Your reply was cut. Go on exactly where it stopped; repeat nothing, explain nothing."


@dataclass(frozen=True)
class Asked(Generic[T]):
    """The value read from the reply, and the tokens of all calls it took (None where a count is unknown)."""

    value: T
    tokens: int | None


def nonce_for(context: RunContext) -> str:
    """Eight hex digits that no text from before the run can know; the same in all its requests, also when repeated."""
    return hashlib.sha256(f"markers of {context.run}".encode()).hexdigest()[:8]


def ask(
    context: RunContext, question: Question, parse: Callable[[str], T], salvage: Callable[[str], T] | None = None
) -> Asked[T]:
    """Ask the role's models in turn until one gives a reply that ``parse`` takes.

    ``parse`` raises ReplyError with the reason, or CutReply. ``salvage`` takes what is whole in a reply that stayed cut
    although it was continued. Raises the last ReplyError or ProviderError, Waiting when a model may answer later,
    PaymentNeeded, Stopped, BudgetExceeded, NotUnderstood.
    """
    tally = _Tally()
    problems: list[ReplyError | ProviderError] = []
    for choice in context.catalogue.for_role(question.role, last_chance=question.last_chance):
        try:
            return Asked(_Dialogue(context, question, choice, tally).hold(parse, salvage), tally.tokens)
        except (ReplyError, ProviderError) as error:
            problems.append(error)
            context.journal.record(
                LogLine(stage=question.stage, level=Level.WARNING, text=f"{choice.model} gave no usable reply: {error}")
            )
    raise _all_failed(problems)


def _all_failed(problems: list[ReplyError | ProviderError]) -> AgentError:
    """What it means for the run that none of the models gave a usable reply."""
    of_providers = [problem for problem in problems if isinstance(problem, ProviderError)]
    later = [problem for problem in of_providers if problem.retry and problem.kind in PASSING]
    if later:
        soonest = min(later, key=_seconds)
        awaited = Awaited.RATE if soonest.kind == "rate" else Awaited.PROVIDER
        return Waiting(str(soonest), awaited=awaited, seconds=_seconds(soonest))
    unpaid = [problem for problem in of_providers if problem.kind == "payment"]
    if unpaid:
        return PaymentNeeded(f"{unpaid[0]} Top it up and go on, or run it again with another provider.")
    return problems[-1]


def _seconds(problem: ProviderError) -> float:
    return DEFAULT_WAIT_SECONDS if problem.retry_after is None else problem.retry_after


def joined(text: str, more: str) -> str:
    """A cut reply and its continuation; lines that the continuation repeats stand once."""
    for size in range(min(len(text), len(more), LONGEST_OVERLAP), SHORTEST_OVERLAP - 1, -1):
        if text.endswith(more[:size]):
            return text + more[size:]
    return text + more


@dataclass
class _Tally:
    tokens: int | None = 0

    def add(self, reply: Reply) -> None:
        used = (reply.prompt_tokens, reply.completion_tokens)
        if self.tokens is None or None in used:
            self.tokens = None
        else:
            self.tokens += sum(count for count in used if count is not None)


@dataclass
class _Dialogue:
    """One model, with its retries for malformed replies and its continuations of cut ones."""

    context: RunContext
    question: Question
    choice: ModelChoice
    tally: _Tally

    def hold(self, parse: Callable[[str], T], salvage: Callable[[str], T] | None) -> T:
        """The value of the first usable reply. Raises ReplyError, ProviderError and what ends a run."""
        first = messages = self._messages()
        text, continued = "", 0
        for attempt in range(MALFORMED_RETRIES + CONTINUATIONS + 1):
            call = Call(self.context, self.question, self.choice, messages)
            reply = call.answer()
            self.tally.add(reply)
            text = joined(text, reply.text)
            try:
                value = _read(text, reply, parse)
            except CutReply as cut:
                call.conclude("cut")
                if continued == CONTINUATIONS:
                    return _salvaged(text, cut, salvage)
                continued += 1
                messages = (*first, Message("assistant", text), Message("user", GO_ON))
            except ReplyError as malformed:
                call.conclude("malformed")
                if attempt - continued == MALFORMED_RETRIES:
                    raise
                words = _again(malformed)
                if self.question.purpose in EDITING and attempt - continued == MALFORMED_RETRIES - 1:
                    words += WHOLE_INSTEAD
                messages = (*first, Message("assistant", text), Message("user", words))
                text = ""
            else:
                call.conclude("ok")
                return value
        raise ReplyError("The model's replies could not be used.")

    def _messages(self) -> tuple[Message, ...]:
        question = self.question
        facts = {**question.facts, "whole_files": self.choice.whole_files}
        system, user = prompts.render(question.purpose, question.data, facts)
        return Message("system", system), Message("user", user, question.images)


def _read(text: str, reply: Reply, parse: Callable[[str], T]) -> T:
    """What ``parse`` makes of a reply; one that the model's output limit ended is cut, even if it looks whole."""
    if reply.finish == "length":
        raise CutReply("The reply was cut at the model's output limit.")
    return parse(text)


def _salvaged(text: str, cut: CutReply, salvage: Callable[[str], T] | None) -> T:
    if salvage is None:
        raise ReplyError(f"{cut} Going on did not help.") from cut
    return salvage(text)


def _again(problem: ReplyError) -> str:
    return f"This reply cannot be used: {problem}\n\nAnswer again, whole, in exactly the asked format."
