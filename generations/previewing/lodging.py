"""What previews and tries share: a row that this process holds, and a thread that runs it in a sandbox to its end."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from django.db import connection

from agents.errors import AgentError, Stopped
from generations.masking import mask
from generations.models import Preview, TryOut
from generations.models.preview import HeldQuerySet
from generations.previewing.asking import STOPPED

INTERNAL = "The preview process could not run it; its log tells why."


class Lodger(ABC):
    """One claimed row, from its claim to its end."""

    def __init__(self, row: Preview | TryOut) -> None:
        self.row = row
        self.stop = threading.Event()
        self.reason = STOPPED

    @property
    def host(self) -> str:
        """The name of its sandbox."""
        return self.row.host

    @abstractmethod
    def work(self) -> None:
        """Run it to its end. Raises AgentError with how it ended, if that was not as it should."""

    def end(self, reason: str) -> None:
        """Have its thread end it."""
        self.reason = reason
        self.stop.set()

    def live(self) -> None:
        """Run it and store how it ended, whatever happens. The body of its thread."""
        try:
            self.work()
            self.ended("")
        except Stopped:
            self.ended(self.reason)
        except AgentError as error:
            self.ended(str(error))
        finally:
            # Without effect on a row that has ended.
            self.ended(INTERNAL)
            connection.close()

    def ended(self, reason: str) -> None:
        """Store the end, if this process still holds the row and it has not ended yet."""
        self.held().end(mask(reason))

    def held(self) -> HeldQuerySet:
        """The row while this process holds it."""
        return type(self.row).objects.held().filter(pk=self.row.pk, worker=self.row.worker)
