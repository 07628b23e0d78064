"""Measure a provider: run every task of a suite and check what was delivered."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from agents.errors import AgentError
from generations.evaluation.checks import in_sandbox, on_host
from generations.evaluation.evaluating import Choices, Evaluation
from generations.evaluation.suite import read_suite

GOOD, OTHER, USAGE = 0, 1, 2
UNPROTECTED = "Generated code runs on this machine without the sandbox's protection: --check-on-host was given."


class Command(BaseCommand):
    """Exit code 0: every run succeeded and every check held; 1: not so; 2: wrong usage."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The suite, the provider and where the report goes."""
        parser.add_argument("suite", type=Path, help="folder of tasks, each with task.md and an executable check")
        parser.add_argument("--provider", required=True, help="provider profile, such as offline or custom")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the JSON report goes")
        parser.add_argument("--limit", type=int, metavar="N", help="only the first N tasks by name")
        parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many runs at once (default 1)")
        parser.add_argument("--check-seconds", type=float, default=120.0, metavar="S", help="limit of one check")
        parser.add_argument(
            "--check-on-host",
            action="store_true",
            help="run the checks outside of the sandbox, for checks that need this machine's tools; the generated "
            "code that they start then runs without protection",
        )

    def handle(self, *_args: object, **options: object) -> None:
        """Run, print the table, end with the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            report = self._evaluation(options).run()
        except AgentError as error:
            raise CommandError(str(error), returncode=USAGE) from error
        self.stdout.write(report.table())
        sys.exit(GOOD if report.good else OTHER)

    def _evaluation(self, options: dict[str, object]) -> Evaluation:
        suite, out, limit = Path(str(options["suite"])), Path(str(options["out"])), options["limit"]
        jobs, seconds = int(str(options["jobs"])), float(str(options["check_seconds"]))
        if jobs < 1 or not 0 < seconds < float("inf") or (limit is not None and int(str(limit)) < 1):
            raise CommandError("--jobs, --limit and --check-seconds must be more than 0.", returncode=USAGE)
        check = in_sandbox(seconds)
        if options["check_on_host"]:
            self._say(UNPROTECTED)
            check = on_host(seconds)
        read = read_suite(suite, None if limit is None else int(str(limit)))
        return Evaluation(
            read, Choices(provider=str(options["provider"]), jobs=jobs, check=check, out=out, say=self._say)
        )

    def _say(self, line: str) -> None:
        self.stderr.write(line, style_func=str)
