"""Rate limits that all workers keep to together: each call takes a ticket first, in one short transaction."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from agents.errors import ProviderError
from agents.providers.limits import NotYet, Permit
from agents.providers.rate_headers import RateLimits
from generations.models import CallLimit, CallTicket, KeyState, Run
from generations.rate_rules import LONGEST_BACKOFF, block_seconds, blocked, over
from generations.retrying import retrying

T = TypeVar("T")
KEPT = timedelta(days=2)
TROUBLES = ("busy", "network", "timeout")


class SharedLimiter:
    """The limits of one run's keys, shared with every other run by the database. Implements the engine's Limiter.

    ``accounts`` names the account of each provider; providers without one are not limited. Without ``run`` it is for
    calls outside of any.
    """

    def __init__(
        self, run: Run | None, accounts: Mapping[str, str], now: Callable[[], datetime] = timezone.now
    ) -> None:
        self._run, self._now = run, now
        self._accounts = {name: account_digest(account) for name, account in accounts.items()}
        self._home = threading.get_ident()
        self._lock = threading.Lock()
        self._inside = 0

    def enter(self, provider: str, model: str, tokens: int) -> Permit | NotYet:
        """A ticket for the call, or how long there will be none."""
        if provider not in self._accounts:
            return Permit()
        answer = self._store(lambda: self._enter(provider, model, tokens))
        if isinstance(answer, Permit):
            self._count(1)
        return answer

    def leave(
        self,
        permit: Permit,
        *,
        tokens: int | None = None,
        error: ProviderError | None = None,
        limits: RateLimits | None = None,
    ) -> None:
        """Give a ticket back, with what was learned about the key."""
        if permit.id:
            pause = None if limits is None else limits.pause(tokens or 0)
            self._store(lambda: self._leave(uuid.UUID(permit.id), tokens, error, pause))
            self._count(-1)

    def inside(self) -> int:
        """How many calls of this run are in flight."""
        return self._inside

    def _enter(self, provider: str, model: str, tokens: int) -> Permit | NotYet:
        account = self._accounts[provider]
        now = self._now()
        with transaction.atomic():
            # The key's row is the lock: decisions about one key are made one after the other.
            KeyState.objects.get_or_create(account=account, model="", defaults={"provider": provider})
            KeyState.objects.select_for_update().get(account=account, model="")
            state = KeyState.objects.filter(account=account, model=model).first()
            tickets = CallTicket.objects.filter(account=account)
            refusal = None if state is None else blocked(state, tickets.filter(model=model), now)
            for limit in CallLimit.objects.filter(provider=provider):
                if model.endswith(limit.suffix):
                    refusal = refusal or over(limit, tickets.filter(model__endswith=limit.suffix), tokens, now)
            if refusal is not None:
                return refusal
            fence = 0 if self._run is None else self._run.fence
            ticket = CallTicket.objects.create(
                account=account, model=model, run=self._run, fence=fence, tokens=tokens, at=now
            )
        return Permit(str(ticket.pk))

    def _leave(
        self, ticket_id: uuid.UUID, tokens: int | None, error: ProviderError | None, pause: float | None
    ) -> None:
        with transaction.atomic():
            ticket = CallTicket.objects.filter(pk=ticket_id).first()
            if ticket is None:
                return
            fields: dict[str, object] = {"left_at": self._now()}
            if tokens is not None:
                fields["tokens"] = tokens
            CallTicket.objects.filter(pk=ticket_id).update(**fields)
            self._learn(ticket, error)
            if pause is not None:
                self._rest(ticket, pause)

    def _learn(self, ticket: CallTicket, error: ProviderError | None) -> None:
        troubled = error is not None and (error.kind == "rate" or (error.retry and error.kind in TROUBLES))
        states = KeyState.objects.filter(account=ticket.account, model=ticket.model)
        if not troubled:
            # What is blocked for its rate was so after this call had begun.
            told = Q(kind="rate", blocked_until__gt=self._now())
            known = states.exclude(strikes=0, blocked_until=None).exclude(told)
            known.update(strikes=0, blocked_until=None, kind="")
            return
        state = self._state_of(ticket)
        state.strikes += 1
        state.kind = "rate" if error is not None and error.kind == "rate" else "busy"
        seconds = block_seconds(state, None if error is None else error.retry_after)
        until = self._now() + timedelta(seconds=seconds)
        state.blocked_until = max(state.blocked_until or until, until) if seconds else state.blocked_until
        state.save(update_fields=["strikes", "kind", "blocked_until"])

    def _rest(self, ticket: CallTicket, seconds: float) -> None:
        """An answer said that the next call would be refused: nobody asks before that is over, or is worth a try."""
        state = self._state_of(ticket)
        until = self._now() + timedelta(seconds=min(seconds, LONGEST_BACKOFF))
        if state.blocked_until is None or state.blocked_until < until:
            state.kind, state.blocked_until = "rate", until
            state.save(update_fields=["kind", "blocked_until"])

    def _state_of(self, ticket: CallTicket) -> KeyState:
        """The locked state of the model that was asked."""
        provider = next(name for name, account in self._accounts.items() if account == ticket.account)
        state, _ = KeyState.objects.select_for_update().get_or_create(
            account=ticket.account, model=ticket.model, defaults={"provider": provider}
        )
        return state

    def _count(self, change: int) -> None:
        with self._lock:
            self._inside += change

    def _store(self, write: Callable[[], T]) -> T:
        try:
            return retrying(write)
        finally:
            if threading.get_ident() != self._home:
                connection.close()


def account_digest(account: str) -> str:
    """What an account is called in the database: nobody can try keys against it without SECRET_KEY."""
    return salted_hmac("autocoder.account", account, algorithm="sha256").hexdigest()


def purge_tickets() -> int:
    """Delete tickets that no limit looks at any more; gives how many."""
    return CallTicket.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
