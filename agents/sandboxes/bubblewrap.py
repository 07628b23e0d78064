"""Runs code in a sandbox made with bubblewrap, for machines without a Docker engine: one supervisor a run."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from agents.errors import SandboxFailure, SandboxUnavailable
from agents.faults import fault
from agents.sandboxes.base import Options, SandboxSession, SandboxStatus
from agents.sandboxes.bubblewrap_groups import ControlGroups, remove
from agents.sandboxes.bubblewrap_labels import Label, group_is_needed, group_prefix, kill_all_but, owners_present
from agents.sandboxes.bubblewrap_line import Line
from agents.sandboxes.bubblewrap_session import BubblewrapSession
from agents.sandboxes.bubblewrap_system import (
    FILES,
    HERE,
    REMEDY_PYTHON,
    CannotStart,
    configuration,
    find_programs,
    order,
)
from agents.sandboxes.guards import missing_guards
from agents.sandboxes.images import BROWSER
from agents.sandboxes.images.contents import Lent, lent
from agents.sandboxes.profile import PROFILE
from agents.sandboxes.records import Records, verdict_key
from agents.sandboxes.seccomp.program import filter_for

STATUS_SECONDS = 30.0
START_SECONDS = 20.0
# Not an installation's: another process that removes orphans must not end a trial.
TRIAL = "a trial"
REMEDY = (
    "Let bubblewrap make user namespaces (sysctl kernel.unprivileged_userns_clone=1; on Ubuntu an AppArmor profile "
    "that gives it 'userns', or kernel.apparmor_restrict_unprivileged_userns=0), or start a Docker engine."
)
FAILED = "The sandbox failed its self-test, so no code runs in it: {}."
REMEDY_OTHER = "Bring bubblewrap up to date, or start a Docker engine."


class BubblewrapSandbox:
    """Sandboxes on this machine's own kernel. ``installation`` keeps those of several sites apart."""

    name = "bubblewrap"
    differences: tuple[str, ...] = (
        "It lends applications this machine's own programs below /usr, read-only, instead of those of an image.",
        "Node.js and Go, of the versions of the images, are lent from the folder of fetched programs, read-only.",
        "It opens web pages where this machine has a Chromium.",
        "It needs user namespaces, which the kernel then lets unprivileged programs make; inside, no program can.",
        "Where no control groups can be made, memory is bounded by a program that looks twenty times a second, "
        "processes by user, and processors by being given only some of them.",
        "Another kernel than this machine's, such as gVisor's, cannot be asked for.",
    )

    def __init__(self, installation: str, options: Options | None = None, groups: ControlGroups | None = None) -> None:
        self._installation = installation
        chosen = options or Options()
        self._records, self._cache = Records(chosen.records), chosen.cache
        self._groups = groups or ControlGroups()
        self._status: tuple[float, SandboxStatus] | None = None

    def status(self) -> SandboxStatus:
        """Can a sandbox be started? Tried at most every half minute; the guards are tested in each before its use."""
        if self._status is None or time.monotonic() - self._status[0] > STATUS_SECONDS:
            self._status = (time.monotonic(), self._look())
        return self._status[1]

    def has(self, image: str) -> bool:
        """The machine's own Python, its Chromium where it has one, and the languages whose programs were fetched."""
        if image.endswith(BROWSER) and not Path("/usr/bin/chromium").exists():
            return False
        return self._lent(image) is not None

    @contextmanager
    def open(self, *, run: str, fence: int, image: str) -> Iterator[SandboxSession]:
        """Start a sandbox whose processes carry the run and its fence in their words; it ends with this block."""
        if not self.has(image):
            raise SandboxUnavailable(
                f"bubblewrap has no programs for '{image}' to lend. Fetch them with: python3 manage.py build_images"
            )
        try:
            with self._started(Label(self._installation, run, fence), self._lent(image)) as (session, key):
                fault("container_created")
                verdict = self._records.tested(key, partial(missing_guards, session))
                if verdict.problem:
                    raise SandboxUnavailable(FAILED.format(verdict.problem))
                yield session
        except CannotStart as error:
            raise SandboxUnavailable(f"{error.detail} {error.remedy}") from error

    def present(self) -> set[tuple[str, int]]:
        """Run and fence of every sandbox of this installation that runs on this machine."""
        return owners_present(self._installation)

    def remove_orphans(self, live: Collection[tuple[str, int]]) -> int:
        """Kill this installation's sandboxes whose (run, fence) is not in ``live``; gives how many.

        A sandbox ends with the process that opened it, so these are of workers that hang.
        """
        killed = kill_all_but(self._installation, live)
        groups = self._groups.left_over(group_prefix(self._installation))
        remove([group for group in groups if not group_is_needed(group.name, self._installation, live)])
        return killed

    def _lent(self, image: str) -> Lent | None:
        """What is lent for an image's language besides the machine's own programs; None for what is not there."""
        language = image.removesuffix(BROWSER)
        if self._cache is None:
            return Lent() if language == "python" else None
        return lent(language, self._cache)

    def _look(self) -> SandboxStatus:
        try:
            with self._started(Label(TRIAL, str(os.getpid()), 0)) as (session, key):
                verdict = self._records.tested(key, partial(missing_guards, session))
                version = _version(find_programs().bubblewrap)
        except CannotStart as error:
            return SandboxStatus(available=False, detail=error.detail, remedy=error.remedy)
        if verdict.problem:
            detail = FAILED.format(verdict.problem)
            return SandboxStatus(available=False, detail=detail, remedy=REMEDY_OTHER, tested=verdict.at)
        return SandboxStatus(available=True, detail=f"{version}.", tested=verdict.at)

    @contextmanager
    def _started(self, label: Label, more: Lent | None = None) -> Iterator[tuple[BubblewrapSession, str]]:
        """A sandbox that answers, and the word for all that its self-test depends on. Raises CannotStart."""
        programs = find_programs()
        with ExitStack() as stack:
            groups = self._groups.make(label.group, PROFILE)
            stack.callback(remove, groups)
            with ExitStack() as read:
                files = {path: _in_memory(text.encode(), read) for path, text in FILES.items()}
                calls = _in_memory(filter_for(supervisor=True), read)
                words = order(programs, label.text, groups, files, calls, more or Lent())
                line = Line(words, (*files.values(), calls))
            stack.callback(line.close)
            told = configuration(watched=not groups)
            try:
                line.send(b"C", json.dumps(told).encode())
                version = line.expect(b"R", START_SECONDS).decode()
            except SandboxFailure as error:
                raise _reason(line.complaints()) from error
            if version.split()[0] != programs.version:
                raise CannotStart(f"{programs.prefix} is not whole by itself: it runs as {version}.", REMEDY_PYTHON)
            yield BubblewrapSession(line), _key(words, told)


def _key(words: dict[str, Any], told: dict[str, object]) -> str:
    """Whatever of these is changed makes another sandbox, which is tested anew."""
    # Numbers of descriptors, and the label in the end, differ each time.
    shown = [word for word in (*words["before"], *words["after"][:-1]) if not word.isdigit()]
    supervisor = (HERE / "bubblewrap_supervisor.py").read_text()
    return verdict_key("bubblewrap", list(os.uname()), words["program"], words["binds"], shown, told, supervisor)


def _in_memory(content: bytes, stack: ExitStack) -> int:
    """A descriptor that reads this content, open as long as the stack."""
    descriptor = os.memfd_create("autocoder")
    stack.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _reason(complaints: str) -> CannotStart:
    """The finding behind what bubblewrap wrote."""
    last = complaints.splitlines()[-1] if complaints else "it ended without a word"
    if any(word in last for word in ("namespace", "uid map", "not permitted", "ermission denied")):
        return CannotStart(f"This machine does not let bubblewrap make a sandbox ({last[:200]}).", REMEDY)
    return CannotStart(f"bubblewrap could not start a sandbox ({last[:200]}).", REMEDY_OTHER)


def _version(program: str) -> str:
    asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "bubblewrap"
