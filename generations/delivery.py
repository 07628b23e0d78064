"""Wakes workers through the queue. A lost message loses nothing: the reaper sends another."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

TASK = "generations.tasks.execute_next"
TEST_TASK = "generations.probes.execute_next_probe"
TOKEN_LIFE = timedelta(days=1)


def wake_worker() -> None:
    """Tell a worker, once this transaction is committed, that a run waits. The message names no run."""
    transaction.on_commit(partial(async_task, TASK))


def wake_tester() -> None:
    """The same for tests of models."""
    transaction.on_commit(partial(async_task, TEST_TASK))


def queue_is_empty() -> bool:
    """Whether no message waits to be taken by a worker."""
    return get_broker().queue_size() == 0


def purge_taken_messages() -> int:
    """Delete messages that were taken long ago by workers that died; gives how many."""
    # A taken message is locked until RETRY seconds after it was taken.
    limit = timezone.now() + timedelta(seconds=Conf.RETRY) - TOKEN_LIFE
    return OrmQ.objects.filter(lock__gt=timezone.now(), lock__lt=limit).delete()[0]
