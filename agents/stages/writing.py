"""Writes planned files: all of a small application in one reply, those of a large one side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from agents.context import RunContext
from agents.plan import PlannedFile
from agents.stages.base import keep, say
from agents.types import Role, SourceFile, StageName

Write = Callable[[Sequence[PlannedFile]], list[SourceFile]]

# Measured on Python with docstrings: 9 to 12 tokens a line.
TOKENS_PER_LINE = 12
# Planners guess low, and a reply that reaches the output limit costs a second call.
REPLY_SHARE = 0.6
FILES_A_REPLY = 12
# Side by side, small files share a reply: each call repeats the plan, but a long reply holds others up.
LINES_SIDE_BY_SIDE = 250


def write_planned(
    context: RunContext, stage: StageName, role: Role, files: Sequence[PlannedFile], write: Write
) -> None:
    """Write those of the files that are not there yet and keep them in the workspace.

    The first error ends it: what was asked for already is waited for, nothing more is asked.
    """
    missing = [file for file in files if context.workspace.read(file.path) is None]
    for file in missing:
        if file.lines == 0:
            keep(context, stage, SourceFile(file.path, b""))
    missing = [file for file in missing if file.lines > 0]
    if missing and fits_one_reply(context, role, missing):
        say(context, stage, f"Writing {', '.join(file.path for file in missing)}")
        _keep_all(context, stage, write(missing))
    elif missing:
        _SideBySide(context, stage, write).run(missing)


def fits_one_reply(context: RunContext, role: Role, files: Sequence[PlannedFile]) -> bool:
    """Whether one reply of any of the role's models holds these files."""
    most = min(choice.max_output_tokens for choice in context.catalogue.for_role(role)) * REPLY_SHARE
    return len(files) <= FILES_A_REPLY and sum(file.lines for file in files) * TOKENS_PER_LINE <= most


def _keep_all(context: RunContext, stage: StageName, files: Sequence[SourceFile]) -> None:
    for file in files:
        keep(context, stage, file)


class _SideBySide:
    """Each file as soon as the files that it depends on are written, alone or with other small ones."""

    def __init__(self, context: RunContext, stage: StageName, write: Write) -> None:
        self._context, self._stage, self._write = context, stage, write

    def run(self, files: Sequence[PlannedFile]) -> None:
        """Write them all; raises the first error when those under way have ended."""
        waiting = {file.path: file for file in files}
        running: dict[Future[list[SourceFile]], list[str]] = {}
        with ThreadPoolExecutor(max_workers=self._context.limits.parallel_calls) as pool:
            while waiting or running:
                unwritten = waiting.keys() | {path for batch in running.values() for path in batch}
                ready = [file for file in waiting.values() if not unwritten & set(file.depends_on)]
                for batch in batches(ready):
                    paths = [waiting.pop(file.path).path for file in batch]
                    running[pool.submit(self._write, batch)] = paths
                names = sorted(path for batch in running.values() for path in batch)
                say(self._context, self._stage, f"Writing {', '.join(names)}")
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    _keep_all(self._context, self._stage, future.result())


def batches(files: Sequence[PlannedFile]) -> list[list[PlannedFile]]:
    """The files in groups that share a reply, in their order."""
    groups: list[list[PlannedFile]] = []
    for file in files:
        if groups and sum(one.lines for one in groups[-1]) + file.lines <= LINES_SIDE_BY_SIDE:
            groups[-1].append(file)
        else:
            groups.append([file])
    return groups
