"""Runs a delivered command line tool once, with somebody's arguments and file, in a fresh sandbox."""

from __future__ import annotations

import io
import zipfile

from agents.execution.checking import Application, open_installed
from agents.sandboxes.base import Command, CommandResult, SandboxSession
from agents.types import SourceFile
from generations.masking import mask
from generations.models import PreviewStatus, TryOut
from generations.previewing.asking import words_of
from generations.previewing.delivered import application_of, program_of
from generations.previewing.lodging import Lodger
from generations.wiring import site_packages, site_sandbox

SECONDS = 30.0
MAX_OUTPUT = 200_000
MAX_WRITTEN = 5 * 1024**2
MAX_FILES = 100
BY_THE_WAY = {"__pycache__", ".pytest_cache", "node_modules", ".cache"}


class Trial(Lodger):
    """One try."""

    row: TryOut

    def work(self) -> None:
        """Install, run, and store what came of it."""
        row, stop = self.row, self.stop.is_set
        application = application_of(row.checkpoint)
        own = [SourceFile(row.upload_name, bytes(row.upload))] if row.upload is not None else []
        with open_installed(application, site_sandbox(), site_packages(), label=self.host, stop=stop) as session:
            session.put(own)
            self.held().update(status=PreviewStatus.RUNNING)
            # No shell reads the person's words: they are arguments of the shell that runs the plan's line.
            line = f'{program_of(application.commands)} "$@"'
            argv = ("sh", "-c", line, "sh", *words_of(row.arguments))
            command = Command(argv, SECONDS, environment=application.toolchain.environment)
            done = session.run(command, stop=stop)
            found = _outcome(done, _written(session, application, own))
        self.held().update(**found, upload=None)


def _outcome(done: CommandResult, written: list[SourceFile]) -> dict[str, object]:
    """What is stored of a try."""
    output = mask(done.output)
    if len(output) > MAX_OUTPUT:
        output = f"{output[:MAX_OUTPUT]}\n[output cut at {MAX_OUTPUT} characters]"
    return {
        "output": output,
        "exit_code": done.exit_code,
        "timed_out": done.timed_out,
        "seconds": round(done.seconds, 2),
        "files": [{"path": file.path, "size": len(file.content)} for file in written],
        "written": _zipped(written) if written else None,
    }


def _written(session: SandboxSession, application: Application, own: list[SourceFile]) -> list[SourceFile]:
    """The files that are new or changed after the command; the first hundred, up to 5 MiB."""
    before = {file.path: file.content for file in (*application.files, *own)}
    kept: list[SourceFile] = []
    room = MAX_WRITTEN
    for file in sorted(session.get(), key=lambda file: file.path):
        if before.get(file.path) == file.content or BY_THE_WAY & set(file.path.split("/")):
            continue
        room -= len(file.content)
        if room >= 0 and len(kept) < MAX_FILES:
            kept.append(file)
    return kept


def _zipped(files: list[SourceFile]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.path), file.content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
