"""One call of a model: budget, retries on passing troubles, and its row in the ledger from beginning to end."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from agents.context import CallRecord, RunContext
from agents.errors import AgentError, LeaseLost, ProviderError, Stopped
from agents.events import LogLine, ModelCalled
from agents.faults import fault
from agents.providers.base import Message, Reply, Request, Usage
from agents.providers.catalogue import ModelChoice
from agents.providers.limits import Permit
from agents.providers.rate_headers import RateLimits
from agents.question import Question
from agents.receipts import receipt_of
from agents.spending import NOTHING, Spent, prompt_tokens, spent_in_vain, spent_on
from agents.types import Level
from agents.watching import Watcher

PROVIDER_TRIES = 3
# A longer wait is not sat through: the run gives its worker back meanwhile.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.25
# What an account can still pay for must be worth an answer.
SHORTEST_ANSWER = 256


class Call:
    """One question to one model. ``answer`` gets the reply, ``conclude`` says what it was good for.

    A question that was answered before the run was interrupted is not paid for twice: the kept answer is given.
    """

    def __init__(
        self, context: RunContext, question: Question, choice: ModelChoice, messages: tuple[Message, ...]
    ) -> None:
        self._context, self._question, self._choice, self._messages = context, question, choice, messages
        self._provider = context.providers[choice.provider]
        self._longest, self._usage = choice.max_output_tokens, Usage()
        self._step = context.steps.name(question.stage, question.purpose, (choice.provider, choice.model), messages)
        self._record = self._new_record()

    def answer(self) -> Reply:
        """The kept answer, or the provider's; failures are recorded too. Raises what the provider raises."""
        kept = self._context.journal.kept_reply(self._step)
        if kept is not None:
            return self._reused(kept)
        for attempt in range(1, PROVIDER_TRIES + 1):
            try:
                return self._asked(self._admitted())
            except ProviderError as error:
                lower = self._can_ask_for_less(error)
                if attempt == PROVIDER_TRIES or not (error.retry or lower):
                    raise
                if not lower:
                    self._wait(error.retry_after if error.retry_after is not None else 2.0**attempt, error)
        raise ProviderError("The provider did not answer.")

    def conclude(self, outcome: str) -> None:
        """Write to the ledger and the log of events what the answer was good for; a reused one stays 'reused'."""
        if self._record.outcome != "reused":
            self._record = replace(self._record, outcome=outcome)
        self._context.journal.record_call(self._record, self._event())

    def _admitted(self) -> Permit:
        """A place for the call. Raises ProviderError when there will be none soon, and Stopped."""
        limiter, started = self._context.limiter, time.monotonic()
        while True:
            self._look_for_stop()
            place = limiter.enter(self._choice.provider, self._choice.model, self._most_tokens)
            if isinstance(place, Permit):
                return place
            waited = time.monotonic() - started
            # While other calls of this run are being answered, its worker is of use.
            soon = place.seconds <= PATIENCE_SECONDS and (waited < PATIENCE_SECONDS or limiter.inside() > 0)
            if not soon:
                raise ProviderError(place.reason, retry=True, retry_after=place.seconds, kind=place.kind)
            time.sleep(min(LOOK_SECONDS, place.seconds))

    def _can_ask_for_less(self, error: ProviderError) -> bool:
        """Whether a shorter answer can still be paid for; it is asked for from now on."""
        afford = error.affordable_tokens
        if afford is None or not SHORTEST_ANSWER <= afford < self._longest:
            return False
        self._longest = afford
        return True

    def _asked(self, permit: Permit) -> Reply:
        """Ask once with a place, which is given back whatever happens."""
        tokens: int | None = None
        failed: ProviderError | None = None
        limits: RateLimits | None = None
        try:
            reply, tokens = self._answered()
            limits = reply.limits
        except ProviderError as error:
            failed = error
            raise
        finally:
            self._context.limiter.leave(permit, tokens=tokens, error=failed, limits=limits)
        return reply

    def _answered(self) -> tuple[Reply, int]:
        """Ask the provider once: the answer, and the tokens it took.

        The ledger has the call before it is made, and its answer as soon as it is whole.
        """
        held = self._reserve()
        started, self._usage = time.monotonic(), Usage()
        self._record = replace(self._new_record(), held=held if self._provider.uses_ai else None)
        spent = NOTHING
        try:
            self._context.journal.record_call(self._record)
            fault("before_call")
            try:
                reply = self._provider.complete(self._request(), stop=self._context.journal.stop_requested)
            except AgentError as error:
                spent = spent_in_vain(self._choice, self._messages, self._usage)
                self._failed(error, time.monotonic() - started, spent)
                raise
            spent = spent_on(self._choice, self._messages, reply, self._usage)
        finally:
            self._context.budget.settle(*held, spent.tokens, spent.cost_usd or 0.0)
        fault("after_answer")
        self._record = self._with_reply(reply, "answered", spent)
        self._context.journal.record_call(self._record)
        fault("answer_saved")
        self._warn()
        return reply, spent.tokens

    def _warn(self) -> None:
        if sentence := self._context.budget.warning():
            self._context.journal.record(LogLine(stage=self._question.stage, level=Level.WARNING, text=sentence))

    def _reused(self, kept: Reply) -> Reply:
        nothing = replace(kept, prompt_tokens=0, completion_tokens=0, cost_usd=0.0, seconds=0.0)
        self._record = self._with_reply(nothing, "reused", NOTHING)
        return nothing

    def _failed(self, error: AgentError, seconds: float, spent: Spent) -> None:
        """Record that no answer came, and what was spent on it nevertheless."""
        if isinstance(error, LeaseLost):
            return
        outcome = "stopped" if isinstance(error, Stopped) else type(error).__name__
        self._record = replace(self._record, outcome=outcome, reply=str(error), seconds=seconds)
        if spent is not NOTHING:
            self._record = _with_figures(self._record, spent)
        self._context.journal.record_call(self._record, self._event() if isinstance(error, ProviderError) else None)

    def _request(self) -> Request:
        question = self._question
        watcher = Watcher(self._context.journal.record, question.stage, question.data["nonce"])
        return Request(
            role=question.role,
            purpose=question.purpose,
            model=self._choice.model,
            messages=self._messages,
            max_tokens=self._longest,
            json_schema=question.json_schema if self._choice.json_schema else None,
            data=question.data,
            on_text=partial(self._took, watcher),
            usage=self._usage,
        )

    def _new_record(self) -> CallRecord:
        question = self._question
        return CallRecord(
            stage=question.stage,
            role=question.role,
            purpose=question.purpose,
            provider=self._choice.provider,
            model=self._choice.model,
            outcome="in flight",
            messages=self._messages,
            reply="",
            prompt_tokens=None,
            completion_tokens=None,
            cost_usd=None,
            seconds=0.0,
            receipt=receipt_of(question.data, question.recalled),
            step=self._step,
        )

    def _with_reply(self, reply: Reply, outcome: str, spent: Spent) -> CallRecord:
        record = replace(self._record, outcome=outcome, reply=reply.text, finish=reply.finish, seconds=reply.seconds)
        return _with_figures(record, spent)

    def _event(self) -> ModelCalled:
        record = self._record
        return ModelCalled(
            stage=record.stage,
            role=record.role,
            purpose=record.purpose,
            provider=record.provider,
            model=record.model,
            outcome=record.outcome,
            prompt_tokens=record.prompt_tokens,
            completion_tokens=record.completion_tokens,
            cost_usd=record.cost_usd,
            seconds=record.seconds,
            estimated=record.estimated,
        )

    def _reserve(self) -> tuple[int, float]:
        if not self._provider.uses_ai:
            return 0, 0.0
        cost = self._choice.cost(prompt_tokens(self._messages), self._longest) or 0.0
        self._context.budget.reserve(self._most_tokens, cost)
        return self._most_tokens, cost

    @property
    def _most_tokens(self) -> int:
        return prompt_tokens(self._messages) + self._longest

    @staticmethod
    def _took(watcher: Watcher, text: str) -> None:
        watcher.take(text)
        fault("mid_stream")

    def _wait(self, seconds: float, error: ProviderError) -> None:
        """Wait a little, ready to stop. A long wait is not ours to sit through."""
        if seconds > PATIENCE_SECONDS:
            raise error
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._look_for_stop()
            time.sleep(min(0.2, seconds))

    def _look_for_stop(self) -> None:
        if self._context.journal.stop_requested():
            raise Stopped("Stopped at your request.")


def _with_figures(record: CallRecord, spent: Spent) -> CallRecord:
    return replace(
        record,
        prompt_tokens=spent.prompt,
        completion_tokens=spent.completion,
        cost_usd=spent.cost_usd,
        estimated=spent.estimated,
    )
