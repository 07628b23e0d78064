"""Whether code can run here, for a notice on the pages and for the page of the site's health."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache

from agents.errors import AgentError, SandboxUnavailable
from agents.languages import TOOLCHAINS
from agents.sandboxes import candidates, sandbox_named
from agents.sandboxes.base import Sandbox
from agents.sandboxes.images import BROWSER
from generations.models import WorkerGroup
from generations.wiring import installation, sandbox_options, site_sandbox

CACHE_SECONDS = 15


def sandbox_problem() -> str:
    """'' when a sandbox can be had, otherwise why not and what to do. Asked anew every 15 seconds."""
    known = cache.get("sandbox-problem")
    if known is None:
        told = reports_of_workers()
        known = _own_problem() if not told else _problem_in(told)
        cache.set("sandbox-problem", known, CACHE_SECONDS)
    return str(known)


def reports_of_workers() -> list[dict[str, Any]]:
    """What workers told of their machines' sandboxes lately."""
    groups = WorkerGroup.objects.heard_within().exclude(sandbox=None)
    return [report for group in groups for report in group.sandbox["reports"]]


def _problem_in(reports: list[dict[str, Any]]) -> str:
    """Code runs where workers are: what this process can see counts only while none of them tells anything."""
    if any(report["available"] for report in reports):
        return ""
    told = dict.fromkeys(f"{one['name']}: {one['detail']} {one['remedy']}".strip() for one in reports)
    return f"No sandbox can run code now. {' '.join(told)}"


def _own_problem() -> str:
    try:
        site_sandbox()
    except AgentError as error:
        return str(error)
    return ""


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


def sandbox_facts() -> dict[str, object]:
    """The same as plain values, with the images that are missing, such as 'go' or 'go-browser'."""
    reports = [{**asdict(one), "tested": one.tested and one.tested.isoformat()} for one in sandbox_reports()]
    missing: list[str] = []
    with suppress(AgentError):
        sandbox = site_sandbox()
        wanted = [chain.image for _key, chain in sorted(TOOLCHAINS.items())]
        missing = [f"{image}{end}" for end in ("", BROWSER) for image in wanted if not sandbox.has(f"{image}{end}")]
    return {"reports": reports, "missing": missing}


def _report(sandbox: Sandbox) -> SandboxReport:
    status = sandbox.status()
    tested = None if status.tested is None else datetime.fromtimestamp(status.tested, UTC)
    return SandboxReport(sandbox.name, status.available, status.detail, status.remedy, tested, sandbox.differences)
