"""Finds the processes of this installation on this machine."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import environ
from django.conf import settings

NAMES = {
    "run_worker": "worker",
    "qcluster": "worker",
    "recover_runs": "reaper",
    "serve_previews": "preview",
    "autocoder_site.asgi:application": "web",
}
# What tells two installations in one folder apart.
PLACE = ("DATABASE_URL", "AUTOCODER_VAR_DIR")


class _EnvFile(environ.Env):
    """The values in ``.env`` by themselves."""

    ENVIRON: dict[str, str] = {}


def processes_of_the_site() -> list[str]:
    """Names of web, worker, reaper and preview where they run, with their ids; only those of this user can be seen."""
    _EnvFile.read_env(settings.BASE_DIR / ".env")
    own = _place(dict(os.environ))
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = _entries(folder / "cmdline")
            name = next((NAMES[word] for word in words if word in NAMES), "")
            if not name or (folder / "cwd").resolve() != settings.BASE_DIR:
                continue
            variables = dict(entry.split("=", 1) for entry in _entries(folder / "environ") if "=" in entry)
            if _place(variables) == own:
                found.append(f"{name} {folder.name}")
    return sorted(found)


def _place(variables: dict[str, str]) -> list[str]:
    return [variables.get(name) or _EnvFile.ENVIRON.get(name, "") for name in PLACE]


def _entries(path: Path) -> list[str]:
    return path.read_bytes().decode(errors="replace").split("\0")
