"""Asks a model: renders the prompt, keeps to the budget, reads the reply, asks again with the reason."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents import prompts
from agents.context import CallRecord, RunContext
from agents.errors import AgentError, CutReply, ProviderError, ReplyError, Stopped
from agents.events import LogLine, ModelCalled
from agents.providers.base import Message, Reply, Request
from agents.providers.catalogue import ModelChoice
from agents.receipts import CHARACTERS_PER_TOKEN, receipt_of
from agents.state import Recollection
from agents.types import Level, Purpose, Role, StageName
from agents.watching import Watcher

T = TypeVar("T")
MALFORMED_RETRIES = 2
CONTINUATIONS = 2
PROVIDER_TRIES = 3
LONGEST_WAIT_SECONDS = 20.0
# A continuation that begins with what was there already: as many characters as no two lines have by chance.
SHORTEST_OVERLAP, LONGEST_OVERLAP = 24, 600
EDITING = (Purpose.REPAIR, Purpose.EDIT)
WHOLE_INSTEAD = " Give the files that change whole this time, in FILE blocks instead of edits."
GO_ON = "Your reply was cut. Go on exactly where it stopped; repeat nothing, explain nothing."


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
    although it was continued. Raises the last ReplyError or ProviderError, Stopped, BudgetExceeded, NotUnderstood.
    """
    tally = _Tally()
    problem: ReplyError | ProviderError | None = None
    for choice in context.catalogue.for_role(question.role, last_chance=question.last_chance):
        try:
            return Asked(_Dialogue(context, question, choice, tally).hold(parse, salvage), tally.tokens)
        except (ReplyError, ProviderError) as error:
            problem = error
            context.journal.record(
                LogLine(stage=question.stage, level=Level.WARNING, text=f"{choice.model} gave no usable reply: {error}")
            )
    if problem is None:
        raise ProviderError(f"No model is set for the role '{question.role}'.")
    raise problem


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
            call = _Call(self.context, self.question, self.choice, messages)
            reply = call.answer()
            self.tally.add(reply)
            text = joined(text, reply.text)
            try:
                value = _read(text, reply, parse)
            except CutReply as cut:
                call.record(reply, "cut")
                if continued == CONTINUATIONS:
                    return _salvaged(text, cut, salvage)
                continued += 1
                messages = (*first, Message("assistant", text), Message("user", GO_ON))
            except ReplyError as malformed:
                call.record(reply, "malformed")
                if attempt - continued == MALFORMED_RETRIES:
                    raise
                words = _again(malformed)
                if self.question.purpose in EDITING and attempt - continued == MALFORMED_RETRIES - 1:
                    words += WHOLE_INSTEAD
                messages = (*first, Message("assistant", text), Message("user", words))
                text = ""
            else:
                call.record(reply, "ok")
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


class _Call:
    """One call with its budget, its retries on passing troubles and its row in the ledger."""

    def __init__(
        self, context: RunContext, question: Question, choice: ModelChoice, messages: tuple[Message, ...]
    ) -> None:
        self._context, self._question, self._choice, self._messages = context, question, choice, messages
        self._provider = context.providers[choice.provider]

    def answer(self) -> Reply:
        """Ask the provider; failures are recorded too. Raises what the provider raises."""
        question, stop = self._question, self._context.journal.stop_requested
        request = Request(
            role=question.role,
            purpose=question.purpose,
            model=self._choice.model,
            messages=self._messages,
            max_tokens=self._choice.max_output_tokens,
            json_schema=question.json_schema if self._choice.json_schema else None,
            data=question.data,
            on_text=Watcher(self._context.journal.record, question.stage, question.data["nonce"]).take,
        )
        for attempt in range(1, PROVIDER_TRIES + 1):
            if stop():
                raise Stopped("Stopped at your request.")
            held = self._reserve()
            started = time.monotonic()
            try:
                reply = self._provider.complete(request, stop=stop)
            except ProviderError as error:
                self._context.budget.settle(*held, 0, 0.0)
                failed = Reply(str(error), "unknown", self._choice.model, seconds=time.monotonic() - started)
                self.record(failed, type(error).__name__)
                if not error.retry or attempt == PROVIDER_TRIES:
                    raise
                self._wait(error.retry_after if error.retry_after is not None else 2.0**attempt, error)
            except AgentError:
                self._context.budget.settle(*held, 0, 0.0)
                raise
            else:
                self._context.budget.settle(*held, *self._spent(reply))
                return reply
        raise ProviderError("The provider did not answer.")

    def record(self, reply: Reply, outcome: str) -> None:
        """Write the call to the ledger and the log of events."""
        question, prompt, completion, cost = (
            self._question,
            reply.prompt_tokens,
            reply.completion_tokens,
            reply.cost_usd,
        )
        if cost is None and prompt is not None and completion is not None:
            cost = self._choice.cost(prompt, completion)
        event = ModelCalled(
            stage=question.stage,
            role=question.role,
            purpose=question.purpose,
            provider=self._choice.provider,
            model=self._choice.model,
            outcome=outcome,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=cost,
            seconds=reply.seconds,
        )
        record = CallRecord(
            stage=question.stage,
            role=question.role,
            purpose=question.purpose,
            provider=event.provider,
            model=event.model,
            outcome=outcome,
            messages=self._messages,
            reply=reply.text,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=cost,
            seconds=reply.seconds,
            receipt=receipt_of(question.data, question.recalled),
        )
        self._context.journal.record_call(record)
        self._context.journal.record(event)

    def _reserve(self) -> tuple[int, float]:
        if not self._provider.uses_ai:
            return 0, 0.0
        prompt = sum(len(message.text) for message in self._messages) // CHARACTERS_PER_TOKEN
        held = prompt + self._choice.max_output_tokens
        cost = self._choice.cost(prompt, self._choice.max_output_tokens) or 0.0
        self._context.budget.reserve(held, cost)
        return held, cost

    def _spent(self, reply: Reply) -> tuple[int, float]:
        """What the call took: the provider's own counts, or an estimate where it gives none."""
        prompt, completion = reply.prompt_tokens, reply.completion_tokens
        if prompt is None:
            prompt = sum(len(message.text) for message in self._messages) // CHARACTERS_PER_TOKEN
        if completion is None:
            completion = len(reply.text) // CHARACTERS_PER_TOKEN
        cost = reply.cost_usd if reply.cost_usd is not None else self._choice.cost(prompt, completion)
        return prompt + completion, cost or 0.0

    def _wait(self, seconds: float, error: ProviderError) -> None:
        """Wait a little, ready to stop. A long wait is not ours to sit through."""
        if seconds > LONGEST_WAIT_SECONDS:
            raise error
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._context.journal.stop_requested():
                raise Stopped("Stopped at your request.")
            time.sleep(min(0.2, seconds))
