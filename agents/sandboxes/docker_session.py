"""One started container: files in and out, and commands, each as an exec."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.errors import SandboxFailure, Stopped
from agents.sandboxes.base import WORK, Command, CommandResult
from agents.sandboxes.measuring import KILLED_AT_LIMIT, MEASURE, Figures, new_mark, take_figures
from agents.sandboxes.output import Output
from agents.sandboxes.profile import ENVIRONMENT, OUTPUT_LIMIT, PROFILE, UID
from agents.sandboxes.streams import MAX_STREAM_BYTES, pack, unpack
from agents.types import SourceFile

TRANSFER_SECONDS = 60.0
# The wrapper in the container ends a command at its limit; the host steps in when even that does not answer.
HOST_GRACE_SECONDS = 10.0
POLL_SECONDS = 0.1
FLOOD = 16 * OUTPUT_LIMIT
EMPTY_ALL = "for d in {folders}; do find $d -mindepth 1 -delete; done; find /dev/shm -mindepth 1 -delete"


@dataclass(frozen=True, slots=True)
class _Call:
    """How one exec is made and watched; ``seconds`` is the limit that the host enforces after its grace."""

    seconds: float = TRANSFER_SECONDS
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    stop: Callable[[], bool] = lambda: False
    flooded: Callable[[], bool] = lambda: False


class DockerSession:
    """Commands and files of one container."""

    def __init__(self, client: Any, container: Any) -> None:
        self._api = client.api
        self._container = container

    def put(self, files: Iterable[SourceFile], folder: str = WORK) -> None:
        """Unpack a tar of the files below a writable folder, as the user that runs the commands."""
        line = f"mkdir -p {folder} && tar -x -p -f - -C {folder}"
        taken = bytearray()
        code = self._exec(("sh", "-c", line), pack(files), lambda _n, chunk: taken.extend(chunk))
        if code != 0:
            raise SandboxFailure(
                f"The files could not be put into the sandbox: {bytes(taken[-300:]).decode(errors='replace').strip()}"
            )

    def get(self, folder: str = WORK) -> list[SourceFile]:
        """Read back regular files below a folder."""
        taken = bytearray()

        def take(number: int, chunk: bytes) -> None:
            if number == 1 and len(taken) <= MAX_STREAM_BYTES:
                taken.extend(chunk)

        # A failing tar (a file that changed, a folder that is not there) still gives what it could read.
        self._exec(("sh", "-c", f"cd {folder} && tar -c -f - ."), b"", take)
        return unpack(bytes(taken)) if taken else []

    def run(
        self,
        command: Command,
        *,
        on_output: Callable[[str], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> CommandResult:
        """Run one command under the measuring wrapper."""
        mark = new_mark()
        # A call through the wrapper shows output as it comes; the wrapper's own last line is kept out of it.
        output = Output(None if on_output is None else lambda text: _pass_on(text, mark, on_output))
        flood = [0]

        def take(_number: int, chunk: bytes) -> None:
            flood[0] += len(chunk)
            output.add(chunk)

        started = time.monotonic()
        argv = ("python3", MEASURE, mark, str(command.seconds), *command.argv)
        call = _Call(command.seconds, command.folder, command.environment, stop, lambda: flood[0] > FLOOD)
        code = self._exec(argv, command.stdin, take, call)
        seconds = time.monotonic() - started
        text, figures = take_figures(output.text(), mark)
        timed_out = figures.timed_out or (figures == Figures() and seconds >= command.seconds)
        return CommandResult(
            exit_code=None if timed_out else code,
            output=text,
            seconds=seconds,
            cpu_seconds=figures.cpu_seconds,
            peak_memory_bytes=figures.peak_memory_bytes,
            timed_out=timed_out,
            truncated=output.truncated,
        )

    def wipe(self) -> None:
        """End every process of the commands' user and empty its folders."""
        self._kill_all()
        line = EMPTY_ALL.format(folders=" ".join(PROFILE.writable))
        if self._exec(("sh", "-c", line), b"", lambda _n, _c: None) != 0:
            raise SandboxFailure("The sandbox could not be emptied; start the run again.")

    def _kill_all(self) -> None:
        """Kill all of the user's processes; the shell that does it is left out by the kernel."""
        self._exec(("sh", "-c", "kill -9 -1"), b"", lambda _n, _c: None)

    def _exec(
        self, argv: tuple[str, ...], stdin: bytes, take: Callable[[int, bytes], None], call: _Call | None = None
    ) -> int:
        """Run to the end, give output on as it comes, and tell the exit code. Raises Stopped, SandboxFailure."""
        import docker.errors  # noqa: PLC0415

        call = call or _Call()
        try:
            made = self._api.exec_create(
                self._container.id,
                list(argv),
                stdin=True,
                user=f"{UID}:{UID}",
                workdir=call.folder,
                environment={**ENVIRONMENT, **call.environment},
            )["Id"]
            stream = self._api.exec_start(made, socket=True)
            reader = _Reader(stream, stdin, take)
            self._wait(reader, call)
            code = self._api.exec_inspect(made)["ExitCode"]
        except (docker.errors.DockerException, OSError) as error:
            raise SandboxFailure("The sandbox went away while a command ran in it; try the run again.") from error
        return KILLED_AT_LIMIT if code is None else int(code)

    def _wait(self, reader: _Reader, call: _Call) -> None:
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
                return


class _Reader:
    """Sends standard input and reads the engine's multiplexed frames in threads of its own."""

    def __init__(self, stream: Any, stdin: bytes, take: Callable[[int, bytes], None]) -> None:
        self._stream = stream
        self._socket = stream._sock
        self._take = take
        # A program that never reads its input must not keep us from reading its output.
        threading.Thread(target=self._send, args=(stdin,), daemon=True).start()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the output; False when it has not come yet."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _send(self, stdin: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(stdin)
            self._socket.shutdown(1)

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream:
            while header := self._exactly(8):
                chunk = self._exactly(int.from_bytes(header[4:8], "big"))
                self._take(header[0], chunk)

    def _exactly(self, size: int) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            chunk = self._socket.recv(min(size - len(taken), 1 << 16))
            if not chunk:
                return b""
            taken.extend(chunk)
        return bytes(taken)


def _pass_on(text: str, mark: str, on_output: Callable[[str], None]) -> None:
    """Give output on, without the wrapper's last line."""
    shown = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(mark))
    if shown:
        on_output(shown)
