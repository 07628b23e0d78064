"""Tries a model out, one check after the other, and tells what was found."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from agents.errors import CutReply, ProviderError, ReplyError, Stopped
from agents.probing.findings import Check, Finding, Found
from agents.probing.trials import Trial, judge, trials
from agents.providers.base import ListedModel, Message, Provider, Reply, Request
from agents.providers.catalogue import ModelChoice
from agents.providers.dialects import Dialect
from agents.providers.rate_headers import RateLimits
from agents.receipts import CHARACTERS_PER_TOKEN
from agents.spending import NOTHING, Spent, prompt_tokens, spent_in_vain, spent_on
from agents.types import Purpose, Role

CHEAP_OUTPUT_TOKENS = 400
OUTPUT_CHOICES = (CHEAP_OUTPUT_TOKENS, 2_000, 8_000)
# A model that thinks first needs room for that besides its answer.
SHORTEST_ROOM = 2_000
# An answer that is so many times as long as it should be, and this long, is not waited for.
TOO_LONG, LEAST_CHARACTERS = 3, 4_000
# After these nothing else can be found out either.
FINAL = frozenset(("auth", "payment", "rate", "network", "model"))
MOST_CHARACTERS = 240
NOT_TRIED = "Not tried, since the model gave no answer."


class Probed(Provider, Protocol):
    """A provider that also tells what its endpoint says of itself."""

    def dialect_for(self, model: str) -> Dialect:
        """What was learnt about what the endpoint takes for a model."""

    def list_models(self, *, stop: Callable[[], bool]) -> tuple[ListedModel, ...]:
        """The models that the endpoint has. Raises ProviderError and Stopped."""


@dataclass(frozen=True, slots=True)
class ProbeCall:
    """One call for the ledger, from its beginning to its end under one ``id``.

    ``outcome`` is at first 'in flight', then 'ok', 'malformed', 'cut', 'stopped', or an error's class name. ``held``
    are the tokens and the US dollars that the call may take at most, ``spent`` is what it took.
    """

    check: Check
    messages: tuple[Message, ...]
    held: tuple[int, float]
    outcome: str = "in flight"
    text: str = ""
    seconds: float = 0.0
    spent: Spent = NOTHING
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class Notes:
    """Where a test writes what it finds, and each call before it is made and when it is over.

    ``called`` may raise an AgentError for a call that must not be made, which ends the test.
    """

    found: Callable[[Finding], None]
    called: Callable[[ProbeCall], None]


def about(choice: ModelChoice, output_tokens: int = CHEAP_OUTPUT_TOKENS) -> tuple[int, int, float | None]:
    """About how many prompt and answer tokens a test takes, and US dollars, None where a price is unknown."""
    asked = trials(output_tokens)
    prompt, answer = sum(trial.prompt_tokens() for trial in asked), sum(trial.answer_tokens for trial in asked)
    return prompt, answer, choice.cost(prompt, answer)


def probe(
    provider: Probed,
    choice: ModelChoice,
    notes: Notes,
    *,
    stop: Callable[[], bool],
    output_tokens: int = CHEAP_OUTPUT_TOKENS,
) -> None:
    """Make all checks. Whatever an endpoint does is a finding; raises Stopped, and what ``notes.called`` raises."""
    _Probe(provider, choice, notes, stop).run(trials(output_tokens))


class _Meter:
    """Keeps what streams in, and tells when it is more than it can be meant to be."""

    def __init__(self, trial: Trial) -> None:
        self._most = max(LEAST_CHARACTERS, TOO_LONG * CHARACTERS_PER_TOKEN * trial.answer_tokens)
        self._pieces, self._size = list[str](), 0

    @property
    def most_tokens(self) -> int:
        """About how many tokens are waited for."""
        return self._most // CHARACTERS_PER_TOKEN

    @property
    def over(self) -> bool:
        """Whether more came than a good answer has."""
        return self._size > self._most

    @property
    def text(self) -> str:
        """What came."""
        return "".join(self._pieces)

    def take(self, piece: str) -> None:
        """One more piece."""
        self._pieces.append(piece)
        self._size += len(piece)


class _Probe:
    """One test with what it knows so far."""

    def __init__(self, provider: Probed, choice: ModelChoice, notes: Notes, stop: Callable[[], bool]) -> None:
        self._provider, self._choice, self._notes, self._stop = provider, choice, notes, stop
        self._nonce = secrets.token_hex(4)
        self._answered = False
        self._paid: float | None = None
        self._limits: RateLimits | None = None

    def run(self, asked: tuple[Trial, ...]) -> None:
        """Every check in turn; after a refusal that concerns all of them the others are left out."""
        listed = self._listed()
        if not self._choice.model:
            return
        problem: ProviderError | None = None
        for trial in asked:
            if problem is not None and (problem.kind in FINAL or not self._answered):
                self._tell(trial.check, Found.UNKNOWN, str(problem) if self._answered else NOT_TRIED)
            else:
                problem = self._try(trial, listed)
        self._tell_listed(listed)

    def _listed(self) -> ListedModel | None:
        """What the endpoint's list says of the model; many have no list. Without a model the list is all there is."""
        try:
            models = self._provider.list_models(stop=self._stop)
        except ProviderError as error:
            if not self._choice.model:
                self._note_answer(str(error), answered=False)
            return None
        if not self._choice.model:
            self._note_answer(f"It takes the key and lists {len(models)} models.", answered=True)
        return next((model for model in models if model.name == self._choice.model), None)

    def _try(self, trial: Trial, listed: ListedModel | None, *, again: bool = True) -> ProviderError | None:
        """One task; gives what kept it from being answered. ``again``: a lost connection says nothing of the model."""
        meter = _Meter(trial)
        request = Request(
            role=Role.CODER,
            purpose=Purpose.PROBE,
            model=self._choice.model,
            messages=trial.messages(self._nonce),
            max_tokens=self._room(trial),
            json_schema=trial.json_schema,
            on_text=meter.take,
        )
        call = self._begun(trial, request, meter)
        started = time.monotonic()
        try:
            reply = self._provider.complete(request, stop=lambda: meter.over or self._stop())
            spent = spent_on(self._choice, request.messages, reply, request.usage)
        except (ProviderError, Stopped) as error:
            spent, seconds = spent_in_vain(self._choice, request.messages, request.usage), time.monotonic() - started
            call = replace(call, spent=spent, seconds=seconds)
            if isinstance(error, ProviderError):
                self._notes.called(replace(call, outcome=type(error).__name__, text=str(error)))
                if again and self._answered and error.retry and error.kind == "network":
                    return self._try(trial, listed, again=False)
                self._tell_failure(trial, error)
                return error
            if not meter.over:
                self._notes.called(replace(call, outcome="stopped", text=str(error)))
                raise
            reply = Reply(meter.text, "unknown", self._choice.model, seconds=seconds)
        self._note_answer(f"It answered within {reply.seconds:.1f} s.", answered=True)
        self._paid = reply.cost_usd if reply.cost_usd is not None else self._paid
        self._limits = reply.limits or self._limits
        self._judge(trial, replace(call, spent=spent), reply, listed)
        return None

    def _begun(self, trial: Trial, request: Request, meter: _Meter) -> ProbeCall:
        """Write the call down before it is made."""
        prompt, answer = prompt_tokens(request.messages), min(request.max_tokens, meter.most_tokens)
        held = prompt + answer, self._choice.cost(prompt, answer) or 0.0
        call = ProbeCall(trial.check, request.messages, held)
        self._notes.called(call)
        return call

    def _tell_failure(self, trial: Trial, error: ProviderError) -> None:
        self._note_answer(str(error), answered=False)
        refused = trial.check is Check.SCHEMA and self._answered and error.kind == "refused"
        self._tell(trial.check, Found.NO if refused else Found.UNKNOWN, str(error) if self._answered else NOT_TRIED)

    def _judge(self, trial: Trial, call: ProbeCall, reply: Reply, listed: ListedModel | None) -> None:
        outcome, problem = "ok", ""
        try:
            judge(trial, reply, self._nonce)
        except CutReply as cut:
            outcome, problem = "cut", str(cut)
        except ReplyError as malformed:
            outcome, problem = "malformed", str(malformed)
        self._notes.called(replace(call, outcome=outcome, text=reply.text, seconds=reply.seconds))
        if trial.check is Check.OUTPUT:
            self._tell_output(trial, reply, outcome, listed)
        elif outcome == "cut":
            self._tell(trial.check, Found.UNKNOWN, "The answer was cut before it was whole.")
        elif trial.check is Check.SCHEMA and "response_format" in self._dialect().refused:
            self._tell(trial.check, Found.NO, "The endpoint takes no JSON schema.")
        else:
            self._tell(trial.check, Found.NO if problem else Found.YES, _short(problem) or trial.passed)

    def _room(self, trial: Trial) -> int:
        """The longest answer that is allowed; the long task is allowed what the model is set down for."""
        most = self._choice.max_output_tokens
        return most if trial.check is Check.OUTPUT else min(most, SHORTEST_ROOM)

    def _tell_output(self, trial: Trial, reply: Reply, outcome: str, listed: ListedModel | None) -> None:
        """The smallest of what the endpoint names as its limit, in its list or a refusal, and where it really cut."""
        named = [size for size in (self._dialect().ceiling, listed and listed.max_output_tokens) if size]
        wrote = reply.completion_tokens or len(reply.text) // CHARACTERS_PER_TOKEN
        if outcome == "cut" and wrote < self._choice.max_output_tokens:
            self._tell(Check.OUTPUT, Found.NO, f"The answer was cut after about {wrote} tokens.", wrote)
        elif named and min(named) < self._choice.max_output_tokens:
            least = min(named)
            self._tell(Check.OUTPUT, Found.NO, f"The endpoint gives at most {least} tokens in one answer.", least)
        elif outcome == "ok":
            self._tell(Check.OUTPUT, Found.YES, f"{trial.passed} That is about {wrote} tokens.", wrote)
        else:
            self._tell(Check.OUTPUT, Found.UNKNOWN, "The model left lines out, so nothing could be measured.")

    def _tell_listed(self, listed: ListedModel | None) -> None:
        """What is known without asking the model."""
        if listed is not None and listed.context_tokens:
            size = listed.context_tokens
            self._tell(Check.CONTEXT, Found.YES, f"The endpoint's list says {size} tokens.", size)
        else:
            self._tell(Check.CONTEXT, Found.UNKNOWN, "The endpoint does not say it.")
        if self._limits is not None:
            self._tell(Check.LIMITS, Found.YES, f"Its headers say: {self._limits}.", self._limits.requests)
        else:
            self._tell(Check.LIMITS, Found.UNKNOWN, "Its headers do not say them.")
        priced = self._choice.cost(1, 1) is not None or self._paid is not None
        if listed is not None and listed.prompt_price is not None and listed.completion_price is not None:
            prices = f"${listed.prompt_price:g} and ${listed.completion_price:g} for a million tokens"
            self._tell(Check.PRICE, Found.YES, f"The endpoint's list says {prices} of prompt and answer.")
        elif priced:
            self._tell(Check.PRICE, Found.YES, "The price is known.")
        else:
            self._tell(Check.PRICE, Found.UNKNOWN, "No price is known, so costs are shown as unknown.")

    def _note_answer(self, sentence: str, *, answered: bool) -> None:
        """The first call tells whether it answers at all."""
        if not self._answered:
            self._answered = answered
            self._tell(Check.ANSWERS, Found.YES if answered else Found.NO, sentence)

    def _dialect(self) -> Dialect:
        return self._provider.dialect_for(self._choice.model)

    def _tell(self, check: Check, found: Found, reason: str, number: int | None = None) -> None:
        self._notes.found(Finding(check, found, reason, number))


def _short(problem: str) -> str:
    """A repair prompt on one line, as far as a person needs it."""
    text = " ".join(problem.split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
