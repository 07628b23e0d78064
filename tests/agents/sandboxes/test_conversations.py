"""A command that is spoken with while it runs; the same for each kind of sandbox."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from agents.errors import Stopped
from agents.sandboxes.base import Command, SandboxSession, shell
from agents.sandboxes.docker import DockerSandbox
from agents.sandboxes.docker_session import DockerSession
from tests.agents.sandboxes.programs import LONG

pytestmark = pytest.mark.sandbox

UPPER = "import os\nwhile piece := os.read(0, 65536): os.write(1, piece.upper())"


class Talk:
    """What was said and heard."""

    def __init__(self) -> None:
        self.source, self.sink = os.pipe()
        self.heard = bytearray()
        self._changed = threading.Condition()

    def take(self, chunk: bytes) -> None:
        with self._changed:
            self.heard += chunk
            self._changed.notify_all()

    def say(self, piece: bytes, answer: bytes) -> None:
        """Say something and wait for this answer to it."""
        self.heard.clear()
        os.write(self.sink, piece)
        with self._changed:
            assert self._changed.wait_for(lambda: bytes(self.heard) == answer, timeout=LONG), bytes(self.heard)

    def end(self) -> None:
        """Say nothing more."""
        if self.sink >= 0:
            os.close(self.sink)
        self.sink = -1

    def close(self) -> None:
        self.end()
        os.close(self.source)


def test_each_piece_is_answered_before_the_next_is_said(session: SandboxSession) -> None:
    talk, codes = Talk(), []
    command = Command(("python3", "-c", UPPER + "\nraise SystemExit(7)"), LONG)
    thread = threading.Thread(target=lambda: codes.append(session.converse(command, talk.source, talk.take)))
    thread.start()
    try:
        talk.say(b"one", b"ONE")
        talk.say(b"two \x00\x1b[2J\xff", b"TWO \x00\x1b[2J\xff")
        talk.end()
        thread.join(LONG)
        assert codes == [7]
    finally:
        talk.close()


def test_it_is_ended_when_it_shall_stop_though_it_never_reads(session: SandboxSession) -> None:
    talk, stop = Talk(), threading.Event()

    def take(chunk: bytes) -> None:
        stop.set()

    try:
        os.write(talk.sink, b"x" * 60_000)
        with pytest.raises(Stopped):
            session.converse(shell("echo started; exec sleep 600", LONG), talk.source, take, stop=stop.is_set)
    finally:
        talk.close()


def test_a_command_may_be_silent_for_longer_than_the_engine_may(
    docker_sandbox: DockerSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with docker_sandbox.open(run="silent", fence=1, image="python") as session:
        assert isinstance(session, DockerSession)
        start = session._api.exec_start

        def impatient(*words: Any, **options: Any) -> Any:
            """As the client's limit of 30 seconds makes it, only sooner."""
            stream = start(*words, **options)
            stream._sock.settimeout(0.2)
            return stream

        monkeypatch.setattr(session._api, "exec_start", impatient)
        result = session.run(shell("sleep 1; echo done", LONG))
    assert (result.exit_code, result.output) == (0, "done\n")
