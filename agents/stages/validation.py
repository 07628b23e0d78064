"""Sixth stage: static checks of all files and the validator's judgement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agents.context import RunContext
from agents.criteria import confidence_of, named_in
from agents.errors import ProviderError, ReplyError
from agents.evidence import Finding
from agents.execution.diagnosis import most_telling
from agents.languages.base import Toolchain
from agents.roles import debugger, validator
from agents.stages.base import Stage, log, say
from agents.stages.changing import take_changes
from agents.stages.dependencies import manifest_of, mend_manifest, unresolved
from agents.state import RunState
from agents.types import Level, Role, StageName

NAME = StageName.VALIDATION
LONG_PROMPT = 1_200
SECURITY = re.compile(
    r"\b(?:log(?:s|ged|ging)?[ -]?ins?|sign(?:s|ed|ing)?[ -]?(?:in|up)s?|accounts?|passwords?"
    r"|auth(?:enticat\w*|ori[sz]\w*)?|permissions?|encrypt\w*|private)\b",
    re.IGNORECASE,
)
READ = "Nothing has run yet. A finding that is mistaken needs no change; say so in the explanation."


def run(state: RunState, context: RunContext) -> RunState:
    """Findings of syntax, imports, lint and the validator; tests may have brought imports that are declared here."""
    toolchain = context.toolchain(state.needed_requirements().language)
    mend_manifest(state, context, NAME)
    say(context, NAME, "Checking syntax, imports and known mistakes")
    findings = _static(context, toolchain)
    for one in findings:
        if one.level is Level.ERROR:
            log(context, NAME, f"{one.path}:{one.line} {one.message}", Level.WARNING)
    files, tests = context.workspace.files(), {file.path for file in state.needed_plan().of_kind("test")}
    named = named_in(state.needed_requirements().criteria, [file for file in files if file.path in tests])
    if context.uses_ai and not worth_reading(state, findings, named):
        confidence, reason = confidence_of(named, findings, len(files))
        return state.model_copy(update={"findings": findings, "confidence": confidence, "confidence_reason": reason})
    review = _reviewed(state, context, findings)
    state = state.model_copy(
        update={
            "findings": (*findings, *review.findings),
            "confidence": review.confidence,
            "confidence_reason": review.reason,
            "criteria_met": review.criteria_met,
        }
    )
    mistakes = [one for one in review.findings if one.level is Level.ERROR]
    return _mended(state, context, toolchain, mistakes) if mistakes else state


def worth_reading(state: RunState, findings: tuple[Finding, ...], named: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a model should read all files before they run: long orders, static errors, criteria without a test.

    A small order that passed every check is proved by its tests at no cost; a reading would double its tokens.
    """
    if len(asked := state.change or state.prompt) > LONG_PROMPT or SECURITY.search(asked):
        return True
    return any(one.level is Level.ERROR for one in findings) or not all(named.values())


def _reviewed(state: RunState, context: RunContext, findings: tuple[Finding, ...]) -> validator.Review:
    say(context, NAME, "Holding the files against the acceptance criteria")
    try:
        return validator.review(context, state, findings)
    except ReplyError as error:
        # The judgement is a help, not a proof: the run does not end for the want of it.
        log(context, NAME, f"The validator gave no usable judgement: {error}", Level.WARNING)
        return validator.Review(reason="The validator gave no usable judgement.")


def _mended(state: RunState, context: RunContext, toolchain: Toolchain, mistakes: Sequence[Finding]) -> RunState:
    """The files with the reviewer's errors mended, where a repair comes; the run goes on without one."""
    told = "\n".join(f"{one.path}:{one.line} {one.message}" for one in mistakes)
    say(context, NAME, f"Mending {len(mistakes)} mistake(s) that were read")
    failure = debugger.Failure(f"A reviewer read the code and found:\n{told}", READ, Role.DEBUGGER, NAME)
    try:
        repair = debugger.repair(context, state, failure, most_telling(context.workspace.files(), told))
    except (ReplyError, ProviderError) as error:
        log(context, NAME, f"What was read could not be mended: {error}", Level.WARNING)
        return state
    with context.open_bench(toolchain) as bench:
        take_changes(context, state, bench, NAME, repair.changed)
    log(context, NAME, repair.words.explanation)
    met = {key: value for key, value in state.criteria_met.items() if value}
    return state.model_copy(update={"criteria_met": met})


def _static(context: RunContext, toolchain: Toolchain) -> tuple[Finding, ...]:
    files = context.workspace.files()
    broken = tuple(
        Finding(path=file.path, level=Level.ERROR, rule="syntax", message=problem)
        for file in files
        if (problem := toolchain.syntax_error(file))
    )
    with context.open_bench(toolchain) as bench:
        linted = toolchain.lint(files, bench)
    return (*broken, *unresolved(context, toolchain, manifest_of(context, toolchain)), *linted)


STAGE = Stage(NAME, Role.VALIDATOR, run)
