"""One started container: every program is an exec."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from agents.errors import SandboxFailure, Stopped
from agents.sandboxes.command_session import HOST_GRACE_SECONDS, POLL_SECONDS, Call, CommandSession
from agents.sandboxes.measuring import KILLED_AT_LIMIT
from agents.sandboxes.profile import ENVIRONMENT, PROFILE, UID

READ_BYTES = 1 << 18
LATE_SECONDS = 15.0
GONE = "The sandbox went away while a command ran in it; try the run again."
# Folders, and what is kept by name in the container's IPC namespace.
EMPTY_ALL = "find {folders} /dev/shm /dev/mqueue -mindepth 1 -delete && ipcrm --all=shm && ipcrm --all=sem"


class DockerSession(CommandSession):
    """Commands and files of one container."""

    def __init__(self, client: Any, container: Any) -> None:
        self._api = client.api
        self._container = container

    def execute(self, call: Call, take: Callable[[bytes], None]) -> int:
        """Run as the commands' user, until it ends or must end."""
        import docker.errors  # noqa: PLC0415 - the SDK takes 0.2 s, and only runs need it

        try:
            made = self._api.exec_create(
                self._container.id,
                list(call.argv),
                stdin=True,
                user=f"{UID}:{UID}",
                workdir=call.folder,
                environment={**ENVIRONMENT, **call.environment},
            )["Id"]
            reader = _Reader(self._api.exec_start(made, socket=True), call, take)
            ended = self._wait(reader, call)
            code = self._api.exec_inspect(made)["ExitCode"]
            if ended and code in (None, KILLED_AT_LIMIT) and not self._is_there():
                # Whoever ended the container ended the command with it: that says nothing about the command.
                raise SandboxFailure(GONE)
        except (docker.errors.DockerException, OSError) as error:
            raise SandboxFailure(GONE) from error
        return KILLED_AT_LIMIT if code is None else int(code)

    def wipe(self) -> None:
        """End every process of the commands' user and empty its folders."""
        self._kill_all()
        line = EMPTY_ALL.format(folders=" ".join(PROFILE.writable))
        if self.execute(Call(("sh", "-c", line)), lambda _chunk: None) != 0:
            raise SandboxFailure("The sandbox could not be emptied; start the run again.")

    def _kill_all(self) -> None:
        """Kill all of the user's processes; the shell that does it is left out by the kernel."""
        self.execute(Call(("sh", "-c", "kill -9 -1")), lambda _chunk: None)

    def _is_there(self) -> bool:
        """Whether the container lives. The engine hears of its commands' ends before it hears of its own.

        Where a command can be started in it, it lives. Where none can, it may also be full of processes.
        """
        if self._takes_commands():
            return True
        until = time.monotonic() + LATE_SECONDS
        while self._api.inspect_container(self._container.id)["State"]["Running"]:
            if time.monotonic() > until:
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _takes_commands(self) -> bool:
        import docker.errors  # noqa: PLC0415 - as above

        try:
            made = self._api.exec_create(self._container.id, ["true"], user=f"{UID}:{UID}")["Id"]
            self._api.exec_start(made)
            return bool(self._api.exec_inspect(made)["ExitCode"] == 0)
        except (docker.errors.DockerException, OSError):
            return False

    def _wait(self, reader: _Reader, call: Call) -> bool:
        """Until the command has ended by itself; False when it had to be ended."""
        deadline = time.monotonic() + call.seconds + HOST_GRACE_SECONDS
        while not reader.join(POLL_SECONDS):
            stopping = call.stop()
            if stopping or call.flooded() or time.monotonic() > deadline:
                self._kill_all()
                if not reader.join(HOST_GRACE_SECONDS):
                    self._container.kill()
                    reader.join(HOST_GRACE_SECONDS)
                if stopping:
                    raise Stopped("Stopped at your request.")
                return False
        return True


class _Reader:
    """Sends standard input and reads the engine's multiplexed frames in threads of its own."""

    def __init__(self, stream: Any, call: Call, take: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._socket = stream._sock
        # The client's limit is for the engine's answers; a command may be silent for longer.
        self._socket.settimeout(None)
        self._take = take
        # A descriptor of our own: the caller's may be closed, and its number given to another, before the thread ends.
        source = None if call.source is None else os.dup(call.source)
        # A program that never reads its input must not keep us from reading its output.
        threading.Thread(target=self._send, args=(call.stdin, source), daemon=True).start()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the output; False when it has not come yet."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _send(self, stdin: bytes, source: int | None) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(stdin)
            while source is not None and (piece := os.read(source, READ_BYTES)):
                self._socket.sendall(piece)
            self._socket.shutdown(1)
        if source is not None:
            os.close(source)

    def _read(self) -> None:
        """Give on what the frames hold; both of the engine's streams are one."""
        with contextlib.suppress(OSError, ValueError), self._stream:
            while header := self._exactly(8):
                rest = int.from_bytes(header[4:8], "big")
                while rest:
                    chunk = self._socket.recv(min(rest, READ_BYTES))
                    if not chunk:
                        return
                    rest -= len(chunk)
                    self._take(chunk)

    def _exactly(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            chunk = self._socket.recv(size - len(taken))
            if not chunk:
                return b""
            taken += chunk
        return taken
