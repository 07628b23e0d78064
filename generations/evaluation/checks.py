"""Runs a task's check against what a run delivered: in a sandbox of its own, or, only when asked, on the host."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from django.conf import settings

from agents import sandboxes
from agents.errors import AgentError, DependencyError, SandboxFailure, Stopped, Waiting
from agents.execution.checking import Application, NotInstallable, open_installed
from agents.plan import Commands
from agents.sandboxes.base import WORK, Command, CommandResult, Sandbox
from agents.types import SourceFile
from generations.evaluation.suite import CHECK, Task
from generations.masking import mask
from generations.wiring import installation, sandbox_options, site_packages

SUITE = "/tmp/suite"  # noqa: S108 - in the sandbox
KEPT_OUTPUT = 4_000
Verdict = Literal["held", "failed", "not run"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check said. ``exit_code`` is None when it did not come to its end."""

    verdict: Verdict = "not run"
    exit_code: int | None = None
    output: str = ""


class Checker(Protocol):
    """A place where checks run."""

    def __call__(self, task: Task, application: Application, stop: Callable[[], bool]) -> CheckResult:
        """Run the task's check against the application. Raises Stopped."""


def in_sandbox(seconds: float) -> Checker:
    """Checks in a fresh sandbox each: no network, nothing of the host, the packages installed."""

    def run(task: Task, application: Application, stop: Callable[[], bool]) -> CheckResult:
        environment = {**application.toolchain.environment, **variables(application.commands)}
        command = Command((f"{SUITE}/{task.name}/{CHECK}", WORK), seconds, environment=environment)
        try:
            done = _look(task, application, command, stop)
            if _was_killed(done):
                # Once may be the machine's fault; what happens twice is the application's.
                done = _look(task, application, command, stop)
        except (DependencyError, NotInstallable) as error:
            return CheckResult("failed", None, _kept(str(error)))
        except (Waiting, SandboxFailure) as error:
            return CheckResult("not run", None, _kept(str(error)))
        output = f"{done.output}\nEverything in the sandbox was killed, twice." if _was_killed(done) else done.output
        return _result(done.exit_code, output, seconds)

    return run


def on_host(seconds: float) -> Checker:
    """Checks on the bare host, where generated code runs without protection and without its packages installed."""

    def run(task: Task, application: Application, stop: Callable[[], bool]) -> CheckResult:
        with tempfile.TemporaryDirectory(prefix="autocoder-check-") as folder:
            work, suite, home = (Path(folder) / name for name in ("work", "suite", "home"))
            home.mkdir()
            _write(work, application.files)
            _write(suite, task.files)
            # The settings' secrets stay here: the check gets the path and nothing else of our environment.
            environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
            argv = [str(suite / task.name / CHECK), str(work)]
            code, output = _call(argv, work, environment | variables(application.commands), seconds, stop)
        return _result(code, output, seconds)

    return run


def checks_sandbox() -> Sandbox:
    """The site's sandbox under a label of its own: the reaper removes those of runs that have ended."""
    return sandboxes.choose(settings.SANDBOX, f"{installation()}-checks", sandbox_options())


def variables(commands: Commands) -> dict[str, str]:
    """What a check is told about the application, from the run's plan."""
    return {
        "APP_INSTALL": commands.install,
        "APP_START": commands.start,
        "APP_TEST": commands.test,
        "APP_PORT": "" if commands.port is None else str(commands.port),
    }


def failed_to_check(error: AgentError) -> CheckResult:
    """A check that could not be run, with the reason."""
    return CheckResult("not run", None, _kept(str(error)))


def _look(task: Task, application: Application, command: Command, stop: Callable[[], bool]) -> CommandResult:
    """How the check ended in a fresh sandbox, with the suite's files beside it."""
    sandbox, label = checks_sandbox(), f"check {task.name}"
    with open_installed(application, sandbox, site_packages(), label=label, stop=stop) as session:
        session.put(task.files, SUITE)
        return session.run(command, stop=stop)


def _was_killed(done: CommandResult) -> bool:
    """Whether the sandbox's own wrapper could not tell how the check ended."""
    return done.exit_code not in (0, None) and done.cpu_seconds is None


def _result(code: int | None, output: str, seconds: float) -> CheckResult:
    if code is None:
        output = f"{output}\nThe check did not end within {seconds:g} s."
    return CheckResult("held" if code == 0 else "failed", code, _kept(output))


def _kept(output: str) -> str:
    """The end of an output, without secrets."""
    return mask(output.strip())[-KEPT_OUTPUT:]


def _write(folder: Path, files: Iterable[SourceFile]) -> None:
    folder.mkdir()
    for file in files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode)


def _call(
    argv: list[str], folder: Path, environment: Mapping[str, str], seconds: float, stop: Callable[[], bool]
) -> tuple[int | None, str]:
    """Exit code and output of a program on the host; it is killed with its children at the limit or when told to."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                argv, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return 126, f"The check cannot be started: {error.strerror}."
        code, waited = None, 0.0
        while code is None and waited < seconds and not stop():
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(0.2)
            waited += 0.2
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if code is None and stop():
            raise Stopped("Stopped at your request.")
        output.seek(0)
        return code, output.read().decode("utf-8", errors="replace")
