"""The options, and one run from the command line."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from agents.errors import AgentError
from agents.types import StageName
from generations.command_line import running
from generations.command_line.interactive import converse
from generations.command_line.progress import RunProgress
from generations.errors import LaunchError, OutputRefused
from generations.models import Run
from generations.order import RunOrder
from generations.results import RunResult
from generations.stored_keys import refusal

SUCCEEDED, ENDED, USAGE, INTERRUPTED = 0, 1, 2, 130
FOLDER = Path("generated")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of the whole usage."""
        self.exit(USAGE, f"{self.prog}: {message}. '{self.prog} --help' lists the options.\n")


def parser() -> argparse.ArgumentParser:
    """Every option."""
    made = _Parser(prog="autonomous_coder.py", description="Turns a sentence into a tested application.")
    made.add_argument("description", nargs="?", default="", help="what it shall be, in a sentence or more")
    made.add_argument("--name", default="", help="name of the application")
    made.add_argument("--language", default="", help="language to write it in; else the run decides")
    made.add_argument("--provider", default="", help="provider profile, such as offline or custom")
    made.add_argument("--output", type=Path, metavar="DIR", help="folder for the files; else generated/NAME")
    made.add_argument("--budget", type=_dollars, metavar="USD", help="most that model calls may cost")
    made.add_argument("--image", action="append", default=[], metavar="FILE", help="a picture; may be repeated")
    made.add_argument("--resume", metavar="RUN", help="go on with a run from its last checkpoint")
    made.add_argument(
        "--from", dest="stage", choices=[str(stage) for stage in StageName], metavar="STAGE",
        help="with --resume: do this stage and all after it again; with --provider or --budget as a new run",
    )  # fmt: skip
    made.add_argument("--nowait", action="store_true", help="end where the run has to wait, as for a rate limit")
    made.add_argument("--interactive", action="store_true", help="a prompt for descriptions and changes")
    made.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    made.add_argument("--quiet", action="store_true", help="no progress")
    return made


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; gives the exit code."""
    options = parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where whoever started this has told it to ignore Ctrl-C, as shells do for jobs in the background.
        signal.signal(number, signal.default_int_handler)
    given = bool(options.description.strip()) + bool(options.resume) + options.interactive
    if options.stage and not options.resume:
        parser().error("--from STAGE goes with --resume RUN")
    if given != 1:
        parser().error("give a description, or --resume RUN, or --interactive")
    try:
        if problem := refusal():
            raise LaunchError(problem)
        if options.interactive:
            return converse(lambda run: _finish(run, options), lambda text: _order(options, text))
        return _finish(
            _resumed(options) if options.resume else running.start(_order(options, options.description)), options
        )
    except (LaunchError, OutputRefused, AgentError) as error:
        print(f"autonomous_coder.py: {error}", file=sys.stderr)
        return USAGE


def _resumed(options: argparse.Namespace) -> Run:
    wished = {"profile": options.provider, "budget_usd": options.budget}
    changes = {name: value for name, value in wished.items() if value}
    if options.provider and not options.stage:
        raise LaunchError("A resumed run keeps its provider; add --from STAGE to change it.")
    return running.resumed(options.resume, options.stage or "", **changes)


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of US dollars") from error


def _order(options: argparse.Namespace, description: str) -> RunOrder:
    return RunOrder(
        prompt=description,
        name=options.name,
        language=options.language,
        profile=options.provider,
        budget_usd=options.budget,
        images=running.read_images(options.image),
    )


def _finish(run: Run, options: argparse.Namespace) -> int:
    """Execute a run, show how it goes and what came of it. A first Ctrl-C stops the run in order."""
    output = options.output or FOLDER / f"{run.project.slug}-{run.number}"
    progress = RunProgress(Console(stderr=True), quiet=options.quiet)
    try:
        with progress:
            result = running.finish(run, output, progress.show, None if options.nowait else progress.wait)
    except KeyboardInterrupt:
        running.stop(run)
        print(f"Stopped. Go on with: autonomous_coder.py --resume {run.pk}", file=sys.stderr)
        result = running.finish(run, None)
        _tell(result, options)
        return INTERRUPTED
    _tell(result, options)
    return SUCCEEDED if result.success else ENDED


def _tell(result: RunResult, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(result.as_dict(), ensure_ascii=False))
        return
    print(f"{result.status}: {result.reason}")
    if not result.uses_ai:
        print("No AI was used: the built-in offline provider wrote this from blueprints.")
    if result.generated_files and result.output:
        print(f"{len(result.generated_files)} files in {result.output}")
        lines = {key: value for key, value in result.commands.items() if value and key != "port"}
        print("".join(f"  {key:8} {value}\n" for key, value in lines.items()), end="")
    overall = result.quality_metrics.get("overall")
    if overall is not None:
        print(f"Quality {overall:.2f}")
    for issue in result.issues[1:6]:
        print(f"  {issue}")
    if not result.success:
        print(f"Run {result.run_id}")
