"""Progress on standard error: bars on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import math
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from agents.types import StageName
from generations.log_lines import line_of
from generations.models import Run, RunEvent


class RunProgress:
    """Shows the events of one run; as a context manager around it. ``quiet`` shows nothing."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bar: Progress | None = None
        self._told: object = None
        if not quiet and console.is_terminal:
            columns = (
                BarColumn(),
                TextColumn("{task.completed:.0f}/8"),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self._bar = Progress(*columns, console=console)
            self._task = self._bar.add_task("Starting", total=len(StageName))

    def __enter__(self) -> RunProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, event: RunEvent) -> None:
        """One event."""
        if self._quiet:
            return
        if self._bar is None:
            self._line(event)
        elif event.kind == "stage_finished":
            self._bar.update(self._task, advance=1)
        elif event.kind == "activity":
            self._bar.update(self._task, description=f"[bold]{event.stage}[/] {_plain(event.payload['text'])}")
        elif event.kind in ("stage_failed", "repair_round"):
            self._bar.console.print(line_of(event).text, markup=False, highlight=False)

    def wait(self, run: Run, seconds: float) -> None:
        """A run waits for so many more seconds: counted down on a terminal, said once elsewhere."""
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.update(self._task, description=f"{_plain(run.reason)} Next try in {_clock(seconds)}")
        elif self._told != run.not_before:
            self._told = run.not_before
            text = f"{run.reason} Next try in {_clock(seconds)}; Ctrl-C stops the run."
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _line(self, event: RunEvent) -> None:
        if event.kind in ("stage_finished", "stage_failed", "repair_round", "tests_counted"):
            self._console.print(line_of(event).text, markup=False, highlight=False)


def _plain(text: str) -> str:
    """Text whose brackets are not taken for markup."""
    return text.replace("[", "\\[")


def _clock(seconds: float) -> str:
    """A span as a countdown shows it: 0:07, 1:02:03."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
