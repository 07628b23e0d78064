"""Runs the tasks of a suite, some at once, checks what they delivered and keeps the report on the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.utils import timezone

from agents import languages
from agents.errors import AgentError, Stopped
from agents.execution.checking import Application
from agents.plan import Commands
from generations import artifacts, launch
from generations.command_line import running
from generations.evaluation.checks import Checker, CheckResult, failed_to_check
from generations.evaluation.report import Report, TaskReport, report_of
from generations.evaluation.suite import Suite, Task
from generations.log_lines import line_of
from generations.models import Project, Run, RunEvent, RunStatus
from generations.order import RunOrder, checked
from generations.results import RunResult

SHOWN = ("stage_finished", "stage_failed", "repair_round", "tests_counted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Which provider, how many runs at once, where checks run, where the report goes, and who is told of progress."""

    provider: str
    jobs: int
    check: Checker
    out: Path
    say: Callable[[str], None]


class Evaluation:
    """One suite with one provider. The report is written at the start and after every task."""

    def __init__(self, suite: Suite, choices: Choices) -> None:
        self._suite, self._choices = suite, choices
        self._owner = running.owner()
        self._waiting: SimpleQueue[Task] = SimpleQueue()
        for task in suite.tasks:
            checked(RunOrder(prompt=task.prompt, profile=choices.provider), self._owner)
            self._waiting.put(task)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._runs: dict[str, Run] = {}
        self._report = Report(
            provider=choices.provider,
            suite=str(suite.folder),
            started_at=timezone.now().isoformat(),
            tasks=tuple(TaskReport(task=task.name) for task in suite.tasks),
        )

    def run(self) -> Report:
        """Do all tasks. A first Ctrl-C stops the runs in order; what is finished is kept. Raises OutputRefused."""
        self._report.write(self._choices.out)
        ends = [threading.Event() for _ in range(self._choices.jobs)]
        for end in ends:
            threading.Thread(target=self._work, args=(end,), daemon=True).start()
        try:
            _wait(ends)
        except KeyboardInterrupt:
            self._choices.say("Stopping; press Ctrl-C again to leave at once.")
            self._stop_all()
            _wait(ends)
        return self._report

    def _stop_all(self) -> None:
        self._stop.set()
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            running.stop(run)

    def _work(self, end: threading.Event) -> None:
        """Take one task after the other, until none is left or all is to stop; then tell of the end."""
        try:
            while not self._stop.is_set():
                self._finish(self._evaluate(self._waiting.get_nowait()))
        except Empty:
            return
        finally:
            connection.close()
            end.set()

    def _evaluate(self, task: Task) -> TaskReport:
        self._choices.say(f"{task.name}: starts")
        try:
            project = project_for(self._owner, task, self._suite)
            order = RunOrder(prompt=task.prompt, profile=self._choices.provider, project=project)
            run = launch.start_run(self._owner, order, deliver=False)
        except AgentError as error:
            return TaskReport(task=task.name, reason=str(error))
        with self._lock:
            self._runs[task.name] = run
        if self._stop.is_set():
            running.stop(run)
        result = running.finish(run, watch=lambda event: self._show(task, event))
        # A first run that was given no name has named the project after the application.
        Project.objects.filter(pk=project.pk).update(name=task.name)
        return report_of(task.name, run, result, self._check(task, run, result))

    def _check(self, task: Task, run: Run, result: RunResult) -> CheckResult:
        if not run.ended or run.status == RunStatus.STOPPED:
            return CheckResult(output="The run did not come to its end.")
        application = application_of(run, result)
        if application is None:
            return CheckResult(output="The run left no application.")
        try:
            return self._choices.check(task, application, self._stop.is_set)
        except Stopped as error:
            return failed_to_check(error)

    def _finish(self, row: TaskReport) -> None:
        with self._lock:
            self._runs.pop(row.task, None)
            tasks = tuple(row if one.task == row.task else one for one in self._report.tasks)
            self._report = replace(self._report, tasks=tasks)
            self._report.write(self._choices.out)
        said = f"check {row.check}" if row.check == "held" else f"check {row.check}: {row.check_output[-300:]}"
        self._choices.say(f"{row.task}: {row.verdict}, {said.rstrip(': ')}")

    def _show(self, task: Task, event: RunEvent) -> None:
        if event.kind in SHOWN:
            self._choices.say(f"{task.name}: {line_of(event).text}")


def project_for(owner: AbstractBaseUser, task: Task, suite: Suite) -> Project:
    """The project that holds the owner's runs of this task; nobody's other project of that name."""
    description = f"The task {task.name} of the suite {suite.folder.resolve().name}."
    known = Project.objects.for_user(owner).filter(description=description).first()
    if known is not None:
        return known
    slug = Project.free_slug(owner, task.name)
    return Project.objects.create(owner_id=owner.pk, name=task.name, slug=slug, description=description)


def application_of(run: Run, result: RunResult) -> Application | None:
    """What the run delivered, or None where it did not come so far."""
    files = tuple(row.source_file() for row in artifacts.tree(run).defer(None))
    if not files or not result.commands or run.language not in languages.TOOLCHAINS:
        return None
    return Application(files, Commands.model_validate(result.commands), languages.TOOLCHAINS[run.language])


def _wait(ends: list[threading.Event]) -> None:
    """Until all workers have ended. A Ctrl-C within Thread.join would make Python 3.11 take the thread for ended."""
    for end in ends:
        end.wait()
