"""Pieces of the run page that are rendered on their own when events of certain kinds come."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.loader import render_to_string

from agents import events
from agents.events import Event, kind_of
from generations.log_lines import line_of
from generations.models import Run, RunEvent
from generations.run_view import RunView

MAX_LINES = 400


@dataclass(frozen=True)
class Fragment:
    """A template whose root element has an id, and the events after which it looks different."""

    template: str
    refresh_on: tuple[type[Event], ...]


_ALWAYS = (events.RunStarted, events.RunEnded)

FRAGMENTS: dict[str, Fragment] = {
    "summary": Fragment(
        "runs/_summary.html",
        (*_ALWAYS, events.StageStarted, events.StageFinished, events.StageFailed, events.ModelCalled, events.LogLine),
    ),
    "budget": Fragment("runs/_budget.html", (*_ALWAYS, events.ModelCalled, events.Activity)),
    "now": Fragment("runs/_now.html", (*_ALWAYS, events.Activity, events.StageStarted)),
    "rail": Fragment("runs/_rail.html", (*_ALWAYS, events.StageStarted, events.StageFinished, events.StageFailed)),
    "files": Fragment("runs/_files.html", (*_ALWAYS, events.FileWritten, events.StageFinished)),
    "checkpoints": Fragment("runs/_checkpoints.html", (*_ALWAYS, events.StageFinished, events.StageFailed)),
    "open": Fragment("runs/_open.html", _ALWAYS),
    "result": Fragment("runs/_result.html", (*_ALWAYS, events.StageFinished, events.StageFailed)),
}

_KINDS = {name: {kind_of(event) for event in fragment.refresh_on} for name, fragment in FRAGMENTS.items()}


def update_since(run: Run, after: int) -> tuple[str, int]:
    """The out-of-band fragments that bring a page from event ``after`` to now, and the number of the newest event.

    '' when nothing happened since.
    """
    rows = list(RunEvent.objects.filter(run=run, seq__gt=after).order_by("seq"))
    if not rows:
        return "", after
    # What the events tell of is stored before or with them: read it after them.
    run.refresh_from_db()
    kinds = {row.kind for row in rows}
    view = RunView(run)
    parts = [render(name, view, oob=True) for name, wanted in _KINDS.items() if kinds & wanted]
    last = rows[-1].seq
    lines = [line_of(row) for row in rows[-MAX_LINES:]]
    parts.append(render_to_string("runs/_log_update.html", {"lines": lines, "last": last}))
    return "\n".join(parts), last


def render(name: str, view: RunView, *, oob: bool = False) -> str:
    """One fragment as HTML; ``oob`` makes it replace its namesake on the page."""
    return render_to_string(FRAGMENTS[name].template, {"view": view, "run": view.run, "open": view.open, "oob": oob})
