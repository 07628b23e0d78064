"""What came of a run, as the command line and the Python interface tell it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.db.models import Count, Sum

from agents.errors import AgentError
from agents.quality import MEASURES
from agents.state import RunState, load_state
from agents.types import Level
from generations import artifacts
from generations.models import Checkpoint, Run, RunStatus

MAX_ISSUES = 50


@dataclass(frozen=True)
class RunResult:
    """One run. Unknown figures are None; quality measures go from 0 (bad) to 1 (good); seconds and US dollars."""

    success: bool
    status: str
    run_id: str
    name: str
    language: str
    provider: str
    reason: str
    uses_ai: bool
    output: str = ""
    generated_files: list[str] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    commands: dict[str, str | int | None] = field(default_factory=dict)
    test_results: dict[str, int | None] = field(default_factory=dict)
    quality_metrics: dict[str, float | None] = field(default_factory=dict)
    checkpoints: list[dict[str, str | float]] = field(default_factory=list)
    usage: dict[str, float | int | None] = field(default_factory=dict)
    issues: list[str] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    confidence: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return asdict(self)


def result_of(run: Run, output: Path | None = None) -> RunResult:
    """Everything about a run as it stands in the database; ``output`` is where its files were written."""
    run.refresh_from_db()
    state = _state(run)
    understood, plan = state.requirements, state.plan
    commands = plan.commands if plan else None
    return RunResult(
        success=run.status == RunStatus.SUCCEEDED,
        status=run.status,
        run_id=str(run.pk),
        name=understood.name if understood else run.project.name,
        language=run.language,
        provider=run.provider_profile,
        reason=run.reason or (state.verdict.reason if state.verdict else ""),
        uses_ai=run.uses_ai,
        output="" if output is None else str(output),
        generated_files=list(artifacts.tree(run).values_list("path", flat=True)),
        dependencies=list(understood.dependencies) if understood else [],
        commands={} if commands is None else commands.model_dump(include={"install", "start", "test", "port"}),
        test_results={"passed": run.tests_passed, "failed": run.tests_failed, "skipped": run.tests_skipped},
        quality_metrics=_quality(state, run),
        checkpoints=list(run.checkpoints.order_by("number").values("stage", "status", "seconds")),
        usage=_usage(run),
        issues=_issues(run, state),
        suggestions=list(state.suggestions),
        confidence=state.confidence,
    )


def _state(run: Run) -> RunState:
    newest = Checkpoint.objects.latest_good(run)
    try:
        return load_state(newest.state) if newest else RunState(prompt=run.prompt)
    except AgentError:
        return RunState(prompt=run.prompt)


def _quality(state: RunState, run: Run) -> dict[str, float | None]:
    measured = state.quality.measures if state.quality else {}
    values = {name: measured[name].value if name in measured else None for name in MEASURES}
    return {**values, "overall": run.quality}


def _usage(run: Run) -> dict[str, float | int | None]:
    sums = run.model_calls.aggregate(
        calls=Count("pk"), prompt_tokens=Sum("prompt_tokens"), completion_tokens=Sum("completion_tokens")
    )
    return {**sums, "cost_usd": None if run.cost_usd is None else float(run.cost_usd)}


def _issues(run: Run, state: RunState) -> list[str]:
    """Why it did not succeed, then failing tests, then what the checks found."""
    found = [run.reason] if run.reason and run.status != RunStatus.SUCCEEDED else []
    tests = state.evidence.tests if state.evidence else None
    found += [f"{failure.name}: {failure.message.strip()[:300]}" for failure in (tests.failures if tests else ())]
    serious = (Level.WARNING, Level.ERROR)
    found += [f"{one.path}:{one.line}: {one.message}" for one in state.findings if one.level in serious]
    return list(dict.fromkeys(found))[:MAX_ISSUES]
