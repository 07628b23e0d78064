"""Commands and files of a started sandbox, whatever starts it: each is one program that runs inside."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from agents.errors import SandboxFailure, Stopped
from agents.paths import MAX_FILE_BYTES, MAX_TOTAL_BYTES
from agents.sandboxes.base import WORK, Command, CommandResult
from agents.sandboxes.measuring import MEASURE, Figures, new_mark, take_figures, without_figures
from agents.sandboxes.output import Output
from agents.sandboxes.streams import MAX_STREAM_BYTES, pack, unpack
from agents.types import SourceFile

TRANSFER_SECONDS = 60.0
POLL_SECONDS = 0.1
# The wrapper in the sandbox ends a command at its limit; the host steps in when even that does not answer.
HOST_GRACE_SECONDS = 10.0
PUT = "mkdir -p {folder} && tar -x -p -f - -C {folder}"
# Bigger files and what is no file at all would be left out here too; so they need not come.
GET = "exec 2>/dev/null; cd {folder} && find . -type f -size -{size}c -print0 | tar -c -f - --null -T -"


@dataclass(frozen=True, slots=True)
class Call:
    """One program inside. ``seconds`` is the limit that the host enforces after a grace.

    It is killed when ``stop`` says so (which raises Stopped), and when ``flooded`` does. With a ``source``, its input
    is what comes from that descriptor, until it ends, instead of ``stdin``.
    """

    argv: tuple[str, ...]
    stdin: bytes = b""
    seconds: float = TRANSFER_SECONDS
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    stop: Callable[[], bool] = lambda: False
    flooded: Callable[[], bool] = lambda: False
    source: int | None = None


class CommandSession(ABC):
    """A session for sandboxes that can do one thing: execute a program inside, and empty themselves."""

    @abstractmethod
    def execute(self, call: Call, take: Callable[[bytes], None]) -> int:
        """Run to the end, give output on as it comes, and tell the exit code. Raises Stopped, SandboxFailure."""

    @abstractmethod
    def wipe(self) -> None:
        """End every process and empty every writable folder."""

    def put(self, files: Iterable[SourceFile], folder: str = WORK) -> None:
        """Unpack a tar of the files below a writable folder, as the user that runs the commands."""
        said = Output()
        if self.execute(Call(("sh", "-c", PUT.format(folder=folder)), pack(files)), said.add) != 0:
            raise SandboxFailure(f"The files could not be put into the sandbox: {said.text()[-300:].strip()}")

    def get(self, folder: str = WORK) -> list[SourceFile]:
        """Read back regular files below a folder."""
        taken = bytearray()

        def take(chunk: bytes) -> None:
            if len(taken) <= MAX_STREAM_BYTES:
                taken.extend(chunk)

        line = GET.format(folder=folder, size=MAX_FILE_BYTES + 1)
        # A failing tar (a folder that is not there) still gives what it could read.
        self.execute(Call(("sh", "-c", line), flooded=lambda: len(taken) > MAX_STREAM_BYTES), take)
        if len(taken) > MAX_STREAM_BYTES:
            raise SandboxFailure(
                f"The application wrote more than {MAX_TOTAL_BYTES >> 20} MiB below {folder}; "
                "that is too much to read back."
            )
        return unpack(bytes(taken)) if taken else []

    def run(
        self,
        command: Command,
        *,
        on_output: Callable[[str], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> CommandResult:
        """Run one command under the measuring wrapper.

        ``on_output`` and ``stop`` are called in the caller's own thread, and whatever time they take, the command
        does not wait for them. What they raise ends the command.
        """
        mark = new_mark()
        output, ended = Output(mark), threading.Event()
        argv = ("python3", MEASURE, mark, str(command.seconds), *command.argv)
        call = Call(
            argv, command.stdin, command.seconds, command.folder, command.environment, ended.is_set, output.flooded
        )
        started = time.monotonic()
        with ThreadPoolExecutor(1, "sandbox") as executor:
            running = executor.submit(self.execute, call, output.add)
            try:
                _follow(running, output, on_output, stop)
            finally:
                ended.set()
        code, seconds = running.result(), time.monotonic() - started
        figures = take_figures(output.tail, mark)
        output.close()
        if on_output is not None and (rest := output.take()):
            on_output(rest)
        timed_out = figures.timed_out or (figures == Figures() and seconds >= command.seconds)
        return CommandResult(
            exit_code=None if timed_out else code,
            output=without_figures(output.text(), mark),
            seconds=seconds,
            cpu_seconds=figures.cpu_seconds,
            peak_memory_bytes=figures.peak_memory_bytes,
            timed_out=timed_out,
            truncated=output.truncated,
        )

    def converse(
        self, command: Command, source: int, take: Callable[[bytes], None], *, stop: Callable[[], bool] = lambda: False
    ) -> int:
        """Run one command whose input comes from a descriptor; without the measuring wrapper."""
        call = Call(command.argv, b"", command.seconds, command.folder, command.environment, stop, source=source)
        return self.execute(call, take)


def _follow(
    running: Future[int], output: Output, on_output: Callable[[str], None] | None, stop: Callable[[], bool]
) -> None:
    """Give output on until the program has ended. Raises Stopped when it shall not go on."""
    while not wait([running], POLL_SECONDS).done:
        if on_output is not None and (text := output.take()):
            on_output(text)
        if stop():
            raise Stopped("Stopped at your request.")
