"""The preview process's work beside its web server: takes what waits, looks after what runs, ends what must end."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Value
from django.db.models.functions import Now

from generations.leases import worker_name
from generations.models import Preview, PreviewStatus, TryOut
from generations.models.preview import HELD
from generations.previewing.tenants import Tenant
from generations.previewing.trying import Trial

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.4
LEASE = timedelta(seconds=30)
RENEW_SECONDS = 8.0
TRIALS_AT_ONCE = 2
END_SECONDS = 15.0
CLOSED = "The preview process was ended."


class House:
    """All that runs in this process. One thread calls ``look``; the web server asks for tenants."""

    def __init__(self) -> None:
        self.worker = worker_name()
        self._tenants: dict[str, tuple[Tenant, threading.Thread]] = {}
        self._trials: dict[str, tuple[Trial, threading.Thread]] = {}
        self._renewed = 0.0
        self._done = threading.Event()

    def tenant(self, host: str) -> Tenant | None:
        """The application at that host name, if it runs here and listens."""
        tenant, _ = self._tenants.get(host, (None, None))
        return tenant if tenant and tenant.listens.is_set() and not tenant.stop.is_set() else None

    def run(self) -> None:
        """Look again and again until ``close``; then end everything."""
        while not self._done.is_set():
            try:
                self.look()
            except DatabaseError:
                logger.exception("The previews could not be looked after; the next look tries again")
            finally:
                connection.close()
            self._done.wait(LOOK_SECONDS)
        self._clear()

    def close(self) -> None:
        """Let ``run`` come to its end."""
        self._done.set()

    def look(self) -> None:
        """One round."""
        self._forget_ended()
        self._stop_unwanted()
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self._renewed = time.monotonic()
            self._renew()
        for pk in self._waiting(Preview, settings.PREVIEWS - len(self._tenants)):
            if Preview.objects.claim(pk, self.worker, LEASE):
                tenant = Tenant(Preview.objects.select_related("checkpoint").get(pk=pk))
                self._tenants[tenant.host] = tenant, _start(tenant.live, tenant.host)
        for pk in self._waiting(TryOut, TRIALS_AT_ONCE - len(self._trials)):
            if TryOut.objects.claim(pk, self.worker, LEASE):
                trial = Trial(TryOut.objects.select_related("checkpoint").get(pk=pk))
                self._trials[trial.host] = trial, _start(trial.live, trial.host)

    def _waiting(self, model: type[Preview | TryOut], room: int) -> list[uuid.UUID]:
        rows = model.objects.filter(status=PreviewStatus.QUEUED).order_by("created_at")
        return list(rows.values_list("pk", flat=True)[: max(0, room)])

    def _forget_ended(self) -> None:
        for kept in (self._tenants, self._trials):
            for host in [host for host, (_, thread) in kept.items() if not thread.is_alive()]:
                del kept[host]

    def _stop_unwanted(self) -> None:
        """End what was stopped, deleted or taken over, and what belongs to somebody who was locked out."""
        for model, kept in ((Preview, self._tenants), (TryOut, self._trials)):
            if kept:
                rows = model.objects.filter(pk__in=list(kept), worker=self.worker, status__in=HELD)
                wanted = {pk.hex for pk in rows.filter(user__is_active=True).values_list("pk", flat=True)}
                for host, (one, _) in kept.items():
                    if host not in wanted:
                        one.stop.set()

    def _renew(self) -> None:
        """Keep the leases, and tell when each was last used."""
        now = time.monotonic()
        for host, (tenant, _) in self._tenants.items():
            used = Now() - Value(timedelta(seconds=now - tenant.used))
            Preview.objects.held().filter(pk=host, worker=self.worker).update(
                lease_expires_at=Now() + Value(LEASE), used_at=used
            )
        trials = TryOut.objects.held().filter(pk__in=list(self._trials), worker=self.worker)
        trials.update(lease_expires_at=Now() + Value(LEASE))

    def _clear(self) -> None:
        everything = [*self._tenants.values(), *self._trials.values()]
        for one, _ in everything:
            one.end(CLOSED)
        deadline = time.monotonic() + END_SECONDS
        for _, thread in everything:
            thread.join(max(0.0, deadline - time.monotonic()))


def _start(body, name: str) -> threading.Thread:  # noqa: ANN001 - a method
    thread = threading.Thread(target=body, name=f"preview-{name[:8]}", daemon=True)
    thread.start()
    return thread
