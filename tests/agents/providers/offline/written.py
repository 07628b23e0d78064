"""Applications as a blueprint writes them, below a folder, and the tools that look at them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agents.plan import Plan
from agents.providers.offline.blueprints.base import Blueprint, Brief

LINT = "E,F,W,I,B,UP,S,C90,C4,SIM,RET,PIE,PT,RUF"


def write(blueprint: Blueprint, brief: Brief, folder: Path) -> Plan:
    """Write every planned file below a folder."""
    plan = blueprint.plan(brief)
    for planned in plan.files:
        file = blueprint.render(brief, planned.path)
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    return plan


def tool(folder: Path, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment in a folder, apart from the settings of this project."""
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=240, input=given
    )
