"""What tests of models found, as it is shown wherever a model is listed, and as it decides how a model is asked."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from agents.probing.findings import Abilities, Check, Finding, Found, abilities_from, suited
from agents.providers.catalogue import ModelChoice
from generations.models import ModelProbe, ProbeStatus

NEWEST = 1_000
LABELS = {
    Check.ANSWERS: "Answers",
    Check.JSON: "JSON",
    Check.SCHEMA: "JSON schema",
    Check.FILES: "File format",
    Check.EDITS: "Edits",
    Check.OUTPUT: "Longest answer",
    Check.CONTEXT: "Context",
    Check.LIMITS: "Rate limits",
    Check.PRICE: "Price",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A word about a model and how it is coloured; ``title`` says it in a sentence."""

    text: str
    tone: str
    title: str


NOT_TESTED = Badge("not tested", "none", "Nobody has tested this model yet.")


class TestBook:
    """The newest test of each model that counts for an owner: their own before the site's."""

    __test__ = False

    def __init__(self, owner: AbstractBaseUser | AnonymousUser | None) -> None:
        self._newest: dict[tuple[str, str], ModelProbe] = {}
        self._done: dict[tuple[str, str], ModelProbe] = {}
        rows = list(ModelProbe.objects.for_owner(owner)[:NEWEST])
        for probe in sorted(rows, key=lambda probe: probe.owner_id is None):
            self._newest.setdefault((probe.provider, probe.model), probe)
            if probe.status == ProbeStatus.DONE:
                self._done.setdefault((probe.provider, probe.model), probe)

    def newest(self, provider: str, model: str) -> ModelProbe | None:
        """The newest test of a model, whether it has ended or not."""
        return self._newest.get((provider, model))

    def abilities(self, provider: str, model: str) -> Abilities:
        """What the newest whole test found; nothing is known without one."""
        probe = self._done.get((provider, model))
        return Abilities() if probe is None else abilities_from(probe.found())

    def suited(self, choice: ModelChoice) -> ModelChoice:
        """A model with the reply format and the limits that it was seen to keep."""
        return suited(choice, self.abilities(choice.provider, choice.model))

    def badge(self, provider: str, model: str) -> Badge:
        """What is shown beside a model."""
        probe = self.newest(provider, model)
        return NOT_TESTED if probe is None else badge_of(probe)


def badge_of(probe: ModelProbe) -> Badge:
    """What a test comes to."""
    if probe.live:
        return Badge("being tested", "info", f"{probe.get_status_display()}.")
    if probe.status == ProbeStatus.FAILED:
        return Badge("test broke off", "warning", probe.reason)
    found = {finding.check: finding for finding in probe.found()}
    answers = found.get(Check.ANSWERS)
    if answers is None or answers.found is not Found.YES:
        return Badge("does not answer", "danger", answers.reason if answers else "It gave no answer.")
    if not probe.model:
        return Badge("key works", "success", answers.reason)
    return _badge_for(found)


def _badge_for(found: dict[Check, Finding]) -> Badge:
    """The badge of a model that answers: the first thing that matters for how it is used."""
    if found[Check.FILES].found is Found.NO:
        return Badge("breaks the format", "danger", f"It is of little use here. {found[Check.FILES].reason}")
    if found[Check.JSON].found is Found.NO and found[Check.SCHEMA].found is not Found.YES:
        return Badge("breaks JSON", "danger", f"It is of little use here. {found[Check.JSON].reason}")
    open_ones = [check for check in (Check.JSON, Check.FILES, Check.EDITS) if found[check].found is Found.UNKNOWN]
    if open_ones:
        return Badge("partly tested", "warning", found[open_ones[0]].reason)
    schema = ", JSON schema" if found[Check.SCHEMA].found is Found.YES else ""
    if found[Check.EDITS].found is Found.NO:
        return Badge(f"works: whole files{schema}", "warning", "It fails at edits, so it is asked for whole files.")
    return Badge(f"works: edits{schema}", "success", "It keeps every format that is asked of it.")
