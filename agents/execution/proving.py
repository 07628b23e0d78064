"""Gathers the evidence: each step on a clean copy of exactly what is delivered."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.condense import signature_of, tail
from agents.context import RunContext
from agents.errors import SandboxFailure
from agents.events import CommandRun, LogLine, TestsCounted
from agents.evidence import CommandEvidence, Evidence, PageEvidence, ProbeEvidence, Step, TestCounts
from agents.faults import fault
from agents.languages.base import Fetched, TestReport, Toolchain
from agents.plan import Commands
from agents.sandboxes.base import Command, CommandResult, SandboxSession, shell
from agents.types import Level, SourceFile, StageName
from agents.workspace import tree_hash

DRIVER = (Path(__file__).parent / "drive.py").read_text()
RENDERER = (Path(__file__).parent / "render.py").read_text()
RENDER_SECONDS = 65.0
STAGE = StageName.EXECUTION
NO_BROWSER = "So nobody knows whether the page's console is clean. Make it with: python3 manage.py build_images"
LINES_TO_LOG = 40
KEPT_OUTPUT = 8_000
PROBE_SECONDS = 16.0


@dataclass
class _Seen:
    """What was seen so far in one attempt."""

    commands: list[CommandEvidence] = field(default_factory=list)
    probes: tuple[ProbeEvidence, ...] = ()
    page: PageEvidence | None = None
    tests: TestCounts | None = None
    coverage: float | None = None
    failed: Step | None = None
    failure: str = ""

    def fail(self, step: Step, failure: str) -> bool:
        """Note the first failure; always False."""
        self.failed, self.failure = step, failure
        return False


class Prover:
    """Proves one tree of files after the other in one sandbox session."""

    def __init__(
        self,
        context: RunContext,
        session: SandboxSession,
        toolchain: Toolchain,
        commands: Commands,
        *,
        is_page: bool = False,
    ) -> None:
        self._context, self._session, self._toolchain, self._commands = context, session, toolchain, commands
        self._is_page = is_page
        self._stop = context.journal.stop_requested

    def prove(self, files: tuple[SourceFile, ...], fetched: Fetched) -> Evidence:
        """Install, start and test these files; stops at the first step that fails."""
        seen = _Seen()
        self._session.wipe()
        self._session.put(fetched.files, "/deps")
        _ = self._install(files, seen) and self._start(files, seen) and self._test(files, seen)
        return Evidence(
            tree=tree_hash(files),
            sandbox=self._context.sandbox.name,
            commands=tuple(seen.commands),
            probes=seen.probes,
            page=seen.page,
            tests=seen.tests,
            coverage=seen.coverage,
            failed_step=seen.failed,
            failure=seen.failure,
            signature="" if seen.failed is None else signature_of(seen.failed, seen.failure),
        )

    def count_tests(self, files: tuple[SourceFile, ...]) -> TestCounts | None:
        """The counts of these files' tests with the packages that the last proof installed; None without a report."""
        return self._run_tests(files, _Seen())[1].counts

    def prove_nothing(self, files: tuple[SourceFile, ...], reason: str) -> Evidence:
        """The evidence of files whose packages could not even be fetched."""
        command = CommandEvidence(
            step="install", command=self._commands.install or "fetch packages", exit_code=1, seconds=0.0, output=reason
        )
        return Evidence(
            tree=tree_hash(files),
            sandbox=self._context.sandbox.name,
            commands=(command,),
            failed_step="install",
            failure=reason,
            signature=signature_of("install", reason),
        )

    def _install(self, files: tuple[SourceFile, ...], seen: _Seen) -> bool:
        self._clean_copy(files)
        prepared = self._session.run(
            shell(self._toolchain.install, self._context.limits.install_seconds, self._toolchain.environment),
            stop=self._stop,
        )
        if prepared.exit_code != 0:
            self._note(seen, "install", "install the fetched packages", prepared)
            return seen.fail("install", f"The packages could not be installed.\n{prepared.output}")
        line = self._commands.install
        return not line or self._step(seen, "install", line, self._context.limits.install_seconds)

    def _start(self, files: tuple[SourceFile, ...], seen: _Seen) -> bool:
        commands = self._commands
        self._clean_copy(files)
        if commands.port is not None:
            return self._serve(seen)
        lines = [line for line in (commands.start, *commands.examples) if line]
        return all(self._step(seen, "start", line, self._context.limits.start_seconds) for line in lines)

    def _serve(self, seen: _Seen) -> bool:
        """Start the server and send the probes, by a program inside the sandbox."""
        commands, mark = self._commands, secrets.token_hex(16)
        limit = self._context.limits.start_seconds
        order = {
            "mark": mark,
            "start": commands.start,
            "port": commands.port,
            "seconds": limit,
            "probes": [probe.model_dump(mode="json") for probe in commands.probes],
            "renderer": RENDERER if self._is_page else "",
        }
        longest = limit + PROBE_SECONDS * len(commands.probes) + RENDER_SECONDS
        environment = self._toolchain.environment
        drive = Command(("python3", "-c", DRIVER), longest, environment=environment, stdin=json.dumps(order).encode())
        result = self._session.run(drive, stop=self._stop)
        output, report = _split(result.output, mark)
        if report is None:
            self._note(seen, "start", commands.start, result)
            return seen.fail("start", f"The server could not be observed.\n{output}")
        exit_code = report["exit"] if isinstance(report["exit"], int) else (0 if report["listening"] else None)
        self._note(seen, "start", commands.start, result, (output, exit_code))
        seen.probes = _probes(commands, report)
        if not report["listening"]:
            how = (
                f"it ended with exit code {report['exit']}" if report["exit"] is not None else "nothing listened there"
            )
            return seen.fail("start", f"The server did not answer on port {commands.port}: {how}.\n{output}")
        wrong = [probe for probe in seen.probes if not probe.passed]
        if wrong:
            told = "\n".join(f"{p.method} {p.path} answered {p.status}, expected {p.expect}: {p.detail}" for p in wrong)
            return seen.fail("start", f"{told}\n{output}")
        return self._page(report, seen)

    def _page(self, report: dict[str, object], seen: _Seen) -> bool:
        """Whether the browser's console was clean, where the page was looked at."""
        if report["page"] is None:
            return True
        page = seen.page = PageEvidence.model_validate(report["page"])
        if page.problem:
            self._context.journal.record(LogLine(stage=STAGE, level=Level.WARNING, text=f"{page.problem} {NO_BROWSER}"))
        if page.errors:
            return seen.fail("start", "The page has errors in the browser's console:\n" + "\n".join(page.errors))
        return True

    def _run_tests(self, files: tuple[SourceFile, ...], seen: _Seen) -> tuple[CommandResult, TestReport]:
        """Run the test command on a clean copy; what it printed and what its runner reported."""
        self._clean_copy(files)
        line, limit = self._commands.test, self._context.limits.test_seconds
        result = self._session.run(
            shell(self._toolchain.wrap_test(line), limit, self._toolchain.environment),
            on_output=self._logger(),
            stop=self._stop,
        )
        self._note(seen, "test", line, result)
        return result, self._toolchain.read_reports(self._reports())

    def _test(self, files: tuple[SourceFile, ...], seen: _Seen) -> bool:
        result, report = self._run_tests(files, seen)
        seen.tests, seen.coverage = report.counts, report.coverage
        if report.counts is not None:
            counts = report.counts
            self._context.journal.record(
                TestsCounted(stage=STAGE, passed=counts.passed, failed=counts.failed, skipped=counts.skipped)
            )
        if result.exit_code == 0 and (report.counts is None or report.counts.failed == 0):
            return True
        failures = "\n\n".join(
            f"{one.name}\n{one.message}" for one in (report.counts.failures if report.counts else ())
        )
        return seen.fail("test", failures or result.output or "The test command printed nothing.")

    def _reports(self) -> dict[str, bytes]:
        """The report files that the runner wrote, by their whole path."""
        folders = {path.rsplit("/", 1)[0] for path in self._toolchain.reports}
        return {f"{folder}/{f.path}": f.content for folder in folders for f in self._session.get(folder)}

    def _step(self, seen: _Seen, step: Step, line: str, seconds: float) -> bool:
        """Run one command line that must exit with 0."""
        result = self._session.run(
            shell(line, seconds, self._toolchain.environment), on_output=self._logger(), stop=self._stop
        )
        self._note(seen, step, line, result)
        if result.exit_code == 0:
            return True
        how = "did not end in time" if result.timed_out else f"ended with exit code {result.exit_code}"
        return seen.fail(step, f"'{line}' {how}.\n{result.output}")

    def _clean_copy(self, files: tuple[SourceFile, ...]) -> None:
        """Empty the application's and the temporary folder and put the files there again; packages stay."""
        empty = Command(("sh", "-c", "find /work /tmp -mindepth 1 -delete"), 30.0, folder="/")
        emptied = self._session.run(empty, stop=self._stop)
        if emptied.exit_code != 0:
            raise SandboxFailure("The sandbox could not be emptied between two steps; try the run again.")
        self._session.put(files)

    def _note(
        self,
        seen: _Seen,
        step: Step,
        line: str,
        result: CommandResult,
        observed: tuple[str, int | None] | None = None,
    ) -> None:
        """Keep a command as evidence and record it; ``observed`` are output and exit code where a driver saw them."""
        fault("container_finished")
        output, exit_code = observed or (result.output, result.exit_code)
        evidence = CommandEvidence(
            step=step,
            command=line,
            exit_code=exit_code,
            timed_out=result.timed_out,
            seconds=round(result.seconds, 3),
            cpu_seconds=result.cpu_seconds,
            peak_memory_bytes=result.peak_memory_bytes,
            output=tail(output, KEPT_OUTPUT),
        )
        seen.commands.append(evidence)
        self._context.journal.record(
            CommandRun(
                stage=STAGE,
                step=step,
                command=line,
                exit_code=evidence.exit_code,
                seconds=evidence.seconds,
                output=tail(evidence.output, 2_000),
            )
        )

    def _logger(self) -> Callable[[str], None]:
        """Takes output as it comes and records whole lines of it, at most a few."""
        rest, logged = [""], [0]

        def take(text: str) -> None:
            *lines, rest[0] = (rest[0] + text).split("\n")
            for line in lines:
                if line.strip() and logged[0] < LINES_TO_LOG:
                    logged[0] += 1
                    self._context.journal.record(LogLine(stage=STAGE, level=Level.DEBUG, text=line[:500]))

        return take


def _split(output: str, mark: str) -> tuple[str, dict[str, object] | None]:
    """The server's own output, and the driver's report behind the mark."""
    before, found, after = output.rpartition(f"\n{mark} ")
    if not found:
        return output, None
    report: dict[str, object] = json.loads(after.splitlines()[0])
    return before, report


def _probes(commands: Commands, report: dict[str, object]) -> tuple[ProbeEvidence, ...]:
    answers = report["answers"] if isinstance(report["answers"], list) else []
    return tuple(
        ProbeEvidence(
            method=probe.method, path=probe.path, expect=probe.expect, status=answer["status"], detail=answer["detail"]
        )
        for probe, answer in zip(commands.probes, answers, strict=False)
    )
