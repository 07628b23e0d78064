"""Whether code can run here, for a notice on the pages and for the page of the site's health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache

from agents.errors import AgentError, SandboxUnavailable
from agents.sandboxes import candidates, sandbox_named
from agents.sandboxes.base import Sandbox
from generations.wiring import installation, sandbox_options, site_sandbox

CACHE_SECONDS = 15


def sandbox_problem() -> str:
    """'' when a sandbox can be had, otherwise why not and what to do. Asked of the machine every 15 seconds."""
    known = cache.get("sandbox-problem")
    if known is None:
        try:
            site_sandbox()
            known = ""
        except AgentError as error:
            known = str(error)
        cache.set("sandbox-problem", known, CACHE_SECONDS)
    return str(known)


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """What is known of the sandbox that runs would get now; ``tested`` is when its guards were last looked at."""

    name: str
    available: bool
    detail: str
    remedy: str = ""
    tested: datetime | None = None
    differences: tuple[str, ...] = ()


def sandbox_reports() -> list[SandboxReport]:
    """The sandbox that runs would get, or, when there is none, every one that was tried and why not."""
    try:
        return [_report(site_sandbox())]
    except SandboxUnavailable:
        names = candidates(settings.SANDBOX, sandbox_options())
        return [_report(sandbox_named(name, installation(), sandbox_options())) for name in names]
    except AgentError as error:
        return [
            SandboxReport(settings.SANDBOX, available=False, detail=str(error), remedy="", tested=None, differences=())
        ]


def _report(sandbox: Sandbox) -> SandboxReport:
    status = sandbox.status()
    tested = None if status.tested is None else datetime.fromtimestamp(status.tested, UTC)
    return SandboxReport(sandbox.name, status.available, status.detail, status.remedy, tested, sandbox.differences)
