"""Commands and files of a started sandbox, whatever starts it: each is one program that runs inside."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from agents.errors import SandboxFailure
from agents.sandboxes.base import WORK, Command, CommandResult
from agents.sandboxes.measuring import MEASURE, Figures, new_mark, take_figures
from agents.sandboxes.output import Output
from agents.sandboxes.profile import OUTPUT_LIMIT
from agents.sandboxes.streams import MAX_STREAM_BYTES, pack, unpack
from agents.types import SourceFile

TRANSFER_SECONDS = 60.0
FLOOD = 16 * OUTPUT_LIMIT


@dataclass(frozen=True, slots=True)
class Call:
    """One program inside: ``seconds`` is the limit that the host enforces after a grace; ``errors`` keeps stderr."""

    argv: tuple[str, ...]
    stdin: bytes = b""
    seconds: float = TRANSFER_SECONDS
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    errors: bool = True
    stop: Callable[[], bool] = lambda: False
    flooded: Callable[[], bool] = lambda: False


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
        taken = bytearray()
        line = f"mkdir -p {folder} && tar -x -p -f - -C {folder}"
        if self.execute(Call(("sh", "-c", line), pack(files)), taken.extend) != 0:
            raise SandboxFailure(
                f"The files could not be put into the sandbox: {bytes(taken[-300:]).decode(errors='replace').strip()}"
            )

    def get(self, folder: str = WORK) -> list[SourceFile]:
        """Read back regular files below a folder."""
        taken = bytearray()

        def take(chunk: bytes) -> None:
            if len(taken) <= MAX_STREAM_BYTES:
                taken.extend(chunk)

        # A failing tar (a file that changed, a folder that is not there) still gives what it could read.
        self.execute(Call(("sh", "-c", f"cd {folder} && tar -c -f - ."), errors=False), take)
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

        def take(chunk: bytes) -> None:
            flood[0] += len(chunk)
            output.add(chunk)

        argv = ("python3", MEASURE, mark, str(command.seconds), *command.argv)
        call = Call(
            argv,
            command.stdin,
            command.seconds,
            command.folder,
            command.environment,
            stop=stop,
            flooded=lambda: flood[0] > FLOOD,
        )
        started = time.monotonic()
        code = self.execute(call, take)
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


def _pass_on(text: str, mark: str, on_output: Callable[[str], None]) -> None:
    """Give output on, without the wrapper's last line."""
    shown = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(mark))
    if shown:
        on_output(shown)
