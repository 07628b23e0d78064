"""Settings and a run become a RunContext: the only place that picks concrete parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from agents import languages, sandboxes
from agents.budget import Budget
from agents.context import Journal, RunContext
from agents.languages.base import PackageCache
from agents.providers.limits import Counted
from agents.sandboxes.base import Options, Sandbox
from agents.types import SourceFile
from agents.workspace import Workspace
from generations.installation import installation
from generations.keys import remember_keys
from generations.masked_sandbox import MaskedSandbox
from generations.memory_store import OwnerMemory
from generations.models import Run
from generations.profiles import models_for
from generations.rates import SharedLimiter
from generations.run_budget import limits_of


def sandbox_options() -> Options:
    """What the settings choose for every sandbox."""
    return Options(settings.SANDBOX_RUNTIME, settings.SANDBOX_RECORDS, settings.PACKAGE_CACHE)


def site_sandbox() -> Sandbox:
    """The sandbox that the settings ask for. Raises SandboxUnavailable with what to do."""
    return sandboxes.choose(settings.SANDBOX, installation(), sandbox_options())


def site_packages() -> PackageCache:
    """The cache of packages that all runs of this site share."""
    return PackageCache(settings.PACKAGE_CACHE, settings.PACKAGE_CACHE_MB * 1024**2)


@contextmanager
def open_context(
    run: Run, journal: Journal, files: tuple[SourceFile, ...], base: tuple[SourceFile, ...] = ()
) -> Iterator[RunContext]:
    """All that the stages of a run share, its workspace filled with the checkpoint's files.

    ``base`` is the application that a follow-up changes, as it was.

    Raises AgentError where the run's choices fit the settings no more, SandboxUnavailable where code cannot run.
    """
    owner = run.project.owner
    remember_keys(owner)
    providers, catalogue = models_for(run.provider_profile, owner, run.settings.get("models"))
    yield RunContext(
        run=str(run.pk),
        fence=run.fence,
        providers=providers,
        catalogue=catalogue,
        sandbox=MaskedSandbox(site_sandbox()),
        toolchains=languages.TOOLCHAINS,
        memory=OwnerMemory(owner, run),
        workspace=Workspace(files),
        budget=_budget(run),
        journal=journal,
        package_cache=site_packages(),
        limiter=SharedLimiter(run, {name: one.account for name, one in providers.items() if isinstance(one, Counted)}),
        uses_ai=any(provider.uses_ai for provider in providers.values()),
        base=base,
    )


def _budget(run: Run) -> Budget:
    """The run's limits with what was added to them, and what it spent before counted."""
    limits = limits_of(run)
    budget = Budget(
        max_tokens=limits.tokens,
        max_cost_usd=None if limits.usd is None else float(limits.usd),
        tokens=run.tokens or 0,
        cost_usd=float(run.cost_usd or 0),
    )
    # What was mostly spent before this start is no news.
    budget.warning()
    return budget
