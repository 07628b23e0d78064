"""The websocket behind a run page."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user_model

from generations import access, fragments
from generations.live import TAILER
from generations.models import Run

NOT_YOURS = 4404
TOO_MUCH = 1008
RECHECK_SECONDS = 30.0
MAX_MESSAGES = 20


class RunConsumer(AsyncWebsocketConsumer):
    """Sends fragments of one run to one of its owner's pages; the page only ever listens."""

    async def connect(self) -> None:
        """Check who it is before accepting; then bring the page from the event it knows to now."""
        self._task: asyncio.Task[None] | None = None
        self._messages = 0
        self._run_id: uuid.UUID = self.scope["url_route"]["kwargs"]["run_id"]
        if not await self._allowed():
            await self.close(code=NOT_YOURS)
            return
        await self.accept()
        self._task = asyncio.create_task(self._send_updates(self._after()))

    async def disconnect(self, code: int) -> None:
        """End the sending."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is taken from the page; a flood ends the connection."""
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            await self.close(code=TOO_MUCH)

    async def _send_updates(self, after: int) -> None:
        wake = TAILER.watch(self._run_id)
        checked = time.monotonic()
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), RECHECK_SECONDS)
                wake.clear()
                if time.monotonic() - checked >= RECHECK_SECONDS:
                    checked = time.monotonic()
                    if not await self._allowed():
                        await self.close(code=NOT_YOURS)
                        return
                html, after = await self._update(after)
                if html:
                    await self.send(text_data=html)
        finally:
            TAILER.forget(self._run_id, wake)

    def _after(self) -> int:
        """The number of the newest event that the page knows; 0 for anything that is no number."""
        value = parse_qs(self.scope["query_string"].decode("ascii", "replace")).get("after", ["0"])[0]
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0

    @database_sync_to_async
    def _allowed(self) -> bool:
        user: Any = self.scope["user"]
        if user.is_authenticated:
            # The session was read when the socket opened; what holds now is what counts.
            user = get_user_model().objects.filter(pk=user.pk, is_active=True).first()
        return user is not None and access.can_see_run(user, self._run_id)

    @database_sync_to_async
    def _update(self, after: int) -> tuple[str, int]:
        run = Run.objects.select_related("project").filter(pk=self._run_id).first()
        return ("", after) if run is None else fragments.update_since(run, after)
