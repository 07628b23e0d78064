"""Rows that tests need."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils import timezone

from agents.context import StageMeasures
from agents.events import LogLine
from agents.evidence import Outcome, Verdict
from agents.plan import Commands, Criterion, Plan, PlannedFile, Probe, Requirements
from agents.state import RunState
from agents.types import ProjectType, SourceFile, StageName
from generations.journal import RunJournal
from generations.models import Checkpoint, Project, Run, RunStatus

_numbers = itertools.count(1)
MINUTE = timedelta(minutes=1)


def make_user(name: str = "", password: str | None = None, **fields: Any) -> User:
    """A user; the name is new unless given. Without password (hashing is slow) only ``force_login`` works."""
    name = name or f"user-{next(_numbers)}"
    return get_user_model().objects.create_user(name, password=password, **fields)


def make_project(owner: User | None = None, name: str = "Weather", **fields: Any) -> Project:
    """A project of an owner (a new one if none is given)."""
    owner = owner or make_user()
    fields.setdefault("slug", Project.free_slug(owner, name))
    return Project.objects.create(owner=owner, name=name, **fields)


def make_run(project: Project | None = None, status: str = RunStatus.QUEUED, **fields: Any) -> Run:
    """A run of a project (a new one if none is given) in any status, as if it had got there."""
    project = project or make_project()
    fields.setdefault("number", project.runs.count() + 1)
    fields.setdefault("prompt", "Create a REST API for weather forecasts")
    if status != RunStatus.QUEUED:
        fields.setdefault("started_at", timezone.now() - MINUTE)
    run = Run(project=project, status=status, **fields)
    if run.ended:
        run.finished_at = run.finished_at or timezone.now()
    run.save()
    return run


def claim(run: Run, worker: str = "test-worker", lease: timedelta = MINUTE) -> RunJournal:
    """The journal of a worker that has just claimed a queued run."""
    claimed = Run.objects.claim(run.pk, worker=worker, lease=lease)
    assert claimed is not None
    return RunJournal(claimed)


def make_requirements(**fields: Any) -> Requirements:
    """What a first stage may leave."""
    known: dict[str, Any] = {
        "name": "Weather API",
        "summary": "Forecasts over HTTP",
        "project_type": ProjectType.REST_API,
        "language": "python",
        "features": ("List forecasts",),
        "criteria": (Criterion(id="AC-1", text="GET /forecasts answers 200"),),
    }
    return Requirements(**(known | fields))


def make_state(run: Run, *done: StageName, **fields: Any) -> RunState:
    """A state after some stages."""
    plan = Plan(
        files=(
            PlannedFile(path="main.py", kind="source", purpose="The application"),
            PlannedFile(path="test_main.py", kind="test", purpose="Its tests"),
        ),
        commands=Commands(
            start="python main.py", test="python -m pytest", port=8000, probes=(Probe(path="/forecasts"),)
        ),
    )
    known: dict[str, Any] = {"prompt": run.prompt, "requirements": make_requirements(), "plan": plan, "done": done}
    return RunState(**(known | fields))


def make_checkpoints(journal: RunJournal, *stages: StageName, files: tuple[SourceFile, ...] = ()) -> RunState:
    """One checkpoint after each of these stages; every stage adds a file named after it."""
    state = make_state(journal.run)
    for stage in stages:
        state = state.with_done(stage)
        files = (*files, SourceFile(f"{stage}.py", f"STAGE = '{stage}'\n".encode()))
        journal.checkpoint(stage, state, files, StageMeasures(seconds=0.5, tokens=10))
    return state


def succeeded(state: RunState) -> RunState:
    """The same state with a good verdict."""
    return state.model_copy(update={"verdict": Verdict(outcome=Outcome.SUCCEEDED, reason="3 tests passed.")})


def make_run_at_rest(*stages: StageName, status: str = RunStatus.FAILED, **fields: Any) -> Run:
    """A run at rest with these stages behind it; an execution among them was judged."""
    journal = claim(make_run(**fields))
    state = make_checkpoints(journal, *(stage for stage in stages if stage != StageName.EXECUTION))
    if StageName.EXECUTION in stages:
        outcome = Outcome.SUCCEEDED if status == RunStatus.SUCCEEDED else Outcome.FAILED
        verdict = Verdict(outcome=outcome, reason="So it was.")
        judged = state.with_done(StageName.EXECUTION).model_copy(update={"verdict": verdict})
        files = (SourceFile("main.py", b"best = 1\n"),)
        journal.checkpoint(StageName.EXECUTION, judged, files, StageMeasures(seconds=2, tokens=5))
    journal.finish(status, [LogLine(stage="", text="ended")], reason="Why it ended.", quality=0.5)
    return Run.objects.select_related("project__owner").get(pk=journal.run.pk)


def newest_of(run: Run, stage: StageName) -> Checkpoint:
    """The newest checkpoint of a stage."""
    return run.checkpoints.filter(stage=stage).latest("number")
