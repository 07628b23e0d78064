"""Progress on standard error: bars on a terminal, one line a stage elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from agents.types import StageName
from generations.log_lines import line_of
from generations.models import RunEvent


class RunProgress:
    """Shows the events of one run; as a context manager around it. ``quiet`` shows nothing."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bar: Progress | None = None
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

    def _line(self, event: RunEvent) -> None:
        if event.kind in ("stage_finished", "stage_failed", "repair_round", "tests_counted"):
            self._console.print(line_of(event).text, markup=False, highlight=False)


def _plain(text: str) -> str:
    """Text whose brackets are not taken for markup."""
    return text.replace("[", "\\[")
