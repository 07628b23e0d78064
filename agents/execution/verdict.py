"""The judgement, from evidence alone."""

from __future__ import annotations

from agents.evidence import Evidence, Outcome, Verdict
from agents.plan import Plan

STEPS = {"install": 0, "start": 1, "test": 2}


def judge(evidence: Evidence, plan: Plan) -> Verdict:
    """What was shown: succeeded (tests ran and passed), failed (something was shown to fail), or unverified."""
    tests = evidence.tests
    if evidence.failed_step is not None:
        first = evidence.failure.strip().splitlines()[0][:300] if evidence.failure.strip() else "no message"
        counted = "" if tests is None else f" {tests.passed} tests passed, {tests.failed} failed."
        return Verdict(outcome=Outcome.FAILED, reason=f"The {evidence.failed_step} step failed: {first}.{counted}")
    if tests is None:
        reason = "It was installed and started, but the test runner left no report, so no test is known to have passed."
        return Verdict(outcome=Outcome.UNVERIFIED, reason=reason)
    if tests.passed == 0:
        return Verdict(outcome=Outcome.UNVERIFIED, reason="It was installed and started, but no test ran.")
    started = "started and answered its probes" if plan.commands.port is not None else "started"
    skipped = f", {tests.skipped} skipped" if tests.skipped else ""
    reason = f"Installed, {started}, and {tests.passed} tests passed{skipped}, in {evidence.sandbox}."
    return Verdict(outcome=Outcome.SUCCEEDED, reason=reason)


def rank(evidence: Evidence) -> tuple[int, int, int]:
    """Greater is better: how far it came, then passed tests or probes, then fewer failed ones."""
    reached = len(STEPS) if evidence.failed_step is None else STEPS[evidence.failed_step]
    if evidence.tests is not None:
        return reached, evidence.tests.passed, -evidence.tests.failed
    passed = sum(probe.passed for probe in evidence.probes)
    return reached, passed, passed - len(evidence.probes)
