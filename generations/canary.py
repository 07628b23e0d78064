"""A small task that goes through the real queue to one worker group, and tells that it came through."""

from __future__ import annotations

import time

from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.tasks import async_task

from generations.models import WorkerGroup

TASK = "generations.canary.answer"
LOOK_SECONDS = 1.0


class GroupBroker(ORM):
    """The queue that all groups share, and before it the messages for one group alone."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self._group = group
        self._looked_at = 0.0

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next messages with their ids; None after a moment without any."""
        # Each look opens a connection of its own, and a canary has time.
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return super().dequeue()
        self._looked_at = time.monotonic()
        own = self.get_connection().filter(key=self._group).first()
        if own is None:
            return super().dequeue()
        # Nobody else reads this key, and a canary that is lost is only followed by the next one.
        self.delete(own.pk)
        return [(own.pk, own.payload)]


def send(group: str) -> None:
    """Send a canary to a group, in place of one that was not taken."""
    withdraw(group)
    async_task(TASK, group, cluster=group, save=False)


def withdraw(group: str) -> None:
    """Take back a canary that was not taken."""
    OrmQ.objects.filter(key=group).delete()


def answer(group: str) -> None:
    """The task itself: a worker of the group does what it is given, and the database takes what it writes."""
    WorkerGroup.objects.filter(name=group).update(answered_at=Now())
